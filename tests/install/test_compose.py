"""Compose files: valid by the specification's model, hardened, and true to the image and to Waypost's settings."""

import os
import re
import subprocess

import pytest
import yaml
from compose_spec import PyCompose

import settings
from chart import ROOT
from dockerfile import stages

FILES = ("compose.yaml", "compose.postgres.yaml")


def interpolated(name):
    """The file as compose reads it with none of its variables set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / name).read_text())


def document(name):
    return yaml.safe_load(interpolated(name))


@pytest.fixture(params=FILES)
def compose(request):
    return document(request.param)


def of_waypost(compose):
    return {name: service for name, service in compose["services"].items() if service["image"].startswith("waypost:")}


def seconds(duration):
    return int(re.fullmatch(r"(\d+)s", duration)[1])


@pytest.mark.parametrize("name", FILES)
def test_files_follow_the_specification(name):
    # The model knows no YAML merge keys, which compose resolves first.
    assert PyCompose.from_yaml(yaml.safe_dump(document(name))).service_names()


def test_what_follows_no_specification_is_refused():
    wrong = document("compose.yaml")
    wrong["services"]["waypost"]["red_only"] = True
    with pytest.raises(ValueError, match="red_only"):
        PyCompose.from_yaml(yaml.safe_dump(wrong))


def test_every_service_is_confined_bounded_and_started_again(compose):
    for name, service in compose["services"].items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "mem_limit" in service and "pids_limit" in service and service["restart"] == "unless-stopped", name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys(), name
        assert not re.search(r":latest$|^[^:]+$", service["image"]), name


def test_nodes_are_checked_as_the_image_says_and_get_time_to_stop(compose):
    grace = settings.default("server.grace_period_ms") / 1000
    health = stages()[-1].one("HEALTHCHECK")
    for name, service in of_waypost(compose).items():
        assert service["healthcheck"]["test"][1:] == ["/usr/local/bin/waypost", "healthcheck"], name
        for key, flag in (("interval", "interval"), ("timeout", "timeout"), ("start_period", "start-period")):
            assert f"--{flag}={service['healthcheck'][key]}" in health, name
        assert seconds(service["stop_grace_period"]) >= grace + 10, name


def test_settings_are_settings_and_ports_are_the_images(compose):
    assert of_waypost(compose)
    for name, service in of_waypost(compose).items():
        assert not settings.unknown(service["environment"]), name
        port = stages()[-1].one("EXPOSE")
        assert all(re.fullmatch(rf"127\.0\.0\.1:\d+:{port}", held) for held in service["ports"]), name


def test_published_ports_do_not_clash(compose):
    ports = [port.rsplit(":", 1)[0] for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == len(set(ports))


def test_only_the_data_can_be_written(compose):
    user, group = stages()[-1].one("USER").split(":")
    data = stages()[-1].one("VOLUME")
    for name, service in of_waypost(compose).items():
        written = service.get("volumes", []) + service.get("tmpfs", [])
        assert len(written) == 1, name
        assert written[0].split(":")[1] == data or written[0].startswith(f"{data}:") and f"uid={user},gid={group}" in written[0]


def test_volumes_and_secrets_are_declared_and_used(compose):
    services = compose["services"].values()
    named = {volume.split(":")[0] for service in services for volume in service.get("volumes", [])}
    assert named == set(compose["volumes"])
    read = {secret for service in services for secret in service.get("secrets", [])}
    assert read == set(compose.get("secrets", {}))
    for service in services:
        files = {value.rsplit("/", 1)[1] for name, value in service.get("environment", {}).items() if name.endswith("_FILE")}
        assert files == set(service.get("secrets", []))


def test_no_secret_stands_in_a_file():
    for name in FILES:
        assert not re.search(r"(PASSWORD|KEY|URL):[ \t]+(?!/run/secrets)\S", interpolated(name)), name


def test_nodes_wait_for_a_database_that_answers():
    compose = document("compose.postgres.yaml")
    assert len(of_waypost(compose)) == 2
    for service in of_waypost(compose).values():
        assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "ports" not in compose["services"]["postgres"]


def test_secrets_are_made_once_for_the_service_that_reads_them(tmp_path):
    def make():
        subprocess.run([ROOT / "deploy/make-secrets.sh", tmp_path / "secrets"], check=True, capture_output=True)
        return {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    made = make()
    wanted = document("compose.postgres.yaml")["secrets"]
    assert made.keys() == {os.path.basename(secret["file"]) for secret in wanted.values()}
    assert made["database-url"].strip() == f"postgres://waypost:{made['postgres-password']}@postgres/waypost"
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made["postgres-password"])
    assert re.fullmatch(r"wp_[A-Za-z0-9_-]{20,}\n", made["bootstrap-key"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=\n", made["encryption-key"])
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o444 == 0o444 for file in (tmp_path / "secrets").iterdir())
    assert make() == made
