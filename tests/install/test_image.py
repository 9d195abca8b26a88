"""The image: small, without a user to be, and made from what is in the tree."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import settings
from chart import ROOT
from dockerfile import stages

HADOLINT = Path(sys.executable).parent / "hadolint"


def last():
    return stages()[-1]


def ignored(path):
    """Whether .dockerignore keeps a path out: the last line that matches it or a folder above it decides."""
    verdict = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().lstrip("!").rstrip("/")
        if not pattern or line.startswith("#"):
            continue
        parts = [re.escape(part).replace(r"\*", "[^/]*") if part != "**" else ".*" for part in pattern.split("/")]
        if re.fullmatch("/".join(parts).replace(".*/", "(.*/)?") + "(/.*)?", path):
            verdict = not line.startswith("!")
    return verdict


def copied():
    """What each COPY takes from the tree."""
    for stage in stages():
        for line in stage.all("COPY"):
            words = [word for word in shlex.split(line) if not word.startswith("--")]
            if "--from=" not in line:
                yield from words[:-1]


def test_hadolint_finds_nothing():
    done = subprocess.run([HADOLINT, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_base_names_its_version():
    for stage in stages():
        tag = stage.image.rsplit("/", 1)[-1].partition(":")[2]
        assert tag and tag != "latest", stage.image


def test_the_compiler_is_the_one_the_manifest_asks_for():
    wanted = re.search(r'^rust-version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert [stage.image for stage in stages() if stage.name == "build"] == [f"rust:{wanted}-slim-bookworm"]


def test_it_runs_as_a_numbered_user_that_is_not_root():
    user = last().one("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert f"--chown={user}" in " ".join(last().all("COPY")), "the data folder belongs to that user"


def test_it_starts_checks_and_stops_without_a_shell():
    assert json.loads(last().one("ENTRYPOINT")) == ["/usr/local/bin/waypost"]
    assert json.loads(last().one("CMD")) == ["serve"]
    assert json.loads(last().one("HEALTHCHECK").split("CMD", 1)[1]) == ["/usr/local/bin/waypost", "healthcheck"]
    assert last().one("STOPSIGNAL") == "SIGTERM"
    assert not last().all("RUN"), "the last stage runs nothing: it has no shell"


def test_its_settings_are_settings_and_fit_its_port_and_volume():
    held = last().environment()
    assert not settings.unknown(held)
    assert held["WAYPOST_SERVER__LISTEN"] == f"0.0.0.0:{last().one('EXPOSE')}"
    assert held["WAYPOST_DATABASE__URL"].startswith(f"sqlite://{last().one('VOLUME')}/")


def test_its_labels_say_what_it_is():
    labels = " ".join(last().all("LABEL"))
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels


def test_no_secret_is_baked_in():
    for stage in stages():
        for word in ("ENV", "ARG"):
            assert not re.search(r"KEY|PASSWORD|SECRET|TOKEN", " ".join(stage.all(word)))


def test_what_it_copies_is_in_the_tree_and_not_kept_out():
    taken = list(copied())
    assert len(taken) > 5
    # The dashboard's folder is made by another part of the product; it is there wherever a whole tree is.
    for path in (path for path in taken if path.split("/")[0] != "web" or (ROOT / "web").exists()):
        assert (ROOT / path).exists(), path
        assert not ignored(path), f"{path} is kept out by .dockerignore"


def test_nothing_private_or_built_gets_into_a_build():
    for path in ("secrets/bootstrap-key", "data/waypost.db", "target/release/waypost", ".git/config", ".env", "src/.env",
                 "web/node_modules/x.js", "web/dist/index.html", "waypost.toml"):
        assert ignored(path), path


def test_every_target_of_the_manifest_is_in_the_layer_of_dependencies():
    # cargo reads no manifest whose targets are missing: a new bench would break the build of the image alone.
    manifest = (ROOT / "Cargo.toml").read_text()
    runs = " ".join(rest for stage in stages() if stage.name == "build" for rest in stage.all("RUN")[:1])
    for path in re.findall(r'^path = "(.+)"$', manifest, re.MULTILINE):
        assert os.path.dirname(path) in runs.split(), path


def test_what_cargo_reads_beside_the_sources_is_copied():
    for path in ("build.rs", ".cargo", "Cargo.lock", "rust-toolchain.toml"):
        assert not (ROOT / path).exists() or path in copied(), path


def test_what_the_program_embeds_is_copied_before_it_is_compiled():
    build = next(stage for stage in stages() if stage.name == "build")
    destinations = " ".join(build.all("COPY"))
    for source in (found for found in (ROOT / "src").rglob("*.rs") if found.name != "tests.rs"):
        text = source.read_text()
        for path in re.findall(r'include_(?:str|bytes)!\("((?:\.\./)+[^"]+)"\)', text):
            inside = (source.parent / path).resolve().relative_to(ROOT)
            assert inside.parts[0] in destinations.split(), f"{source}: {inside}"
        for path in re.findall(r'migrate!\("([^"]+)"\)', text) + re.findall(r'#\[folder = "([^"]+)"\]', text):
            assert path.strip("/").split("/")[0] in destinations.replace("/", " ").split(), f"{source}: {path}"
