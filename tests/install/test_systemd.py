"""The unit: what systemd itself says of it, and that it fits Waypost."""

import re
import shutil
import subprocess

import pytest

import settings
from chart import ROOT

UNIT = ROOT / "deploy/systemd/waypost.service"
# The network is all that is left open; systemd calls anything below 2 "OK" and the default of a service 9.6.
HIGHEST_EXPOSURE = 1.5

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze on this machine")


def directives(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})


def installed(tmp_path, program="#!/bin/sh\n"):
    binary = tmp_path / "waypost"
    binary.write_text(program)
    binary.chmod(0o755)
    command = [ROOT / "deploy/systemd/install.sh", binary]
    subprocess.run(command, check=True, env={"DESTDIR": str(tmp_path / "root"), "PATH": "/usr/bin:/bin"})
    return tmp_path / "root"


@needs_systemd
def test_systemd_finds_no_fault(tmp_path):
    # It also looks whether the program is there, which it is not on the machine that checks.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/local/bin/waypost serve", "/bin/true"))
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_little_of_the_machine_is_open_to_it():
    done = analyze("security", "--no-pager", "--offline=true", f"--threshold={int(HIGHEST_EXPOSURE * 10)}", UNIT)
    exposure = re.search(r"Overall exposure level for waypost\.service: ([\d.]+)", done.stdout)
    assert done.returncode == 0 and float(exposure[1]) <= HIGHEST_EXPOSURE, done.stdout


def test_it_waits_longer_than_a_node_needs_to_stop():
    assert int(directives("TimeoutStopSec")[0]) >= settings.default("server.grace_period_ms") / 1000 + 10


def test_its_settings_are_settings_and_its_keys_are_handed_over():
    variables = dict(line.split("=", 1) for line in directives("Environment"))
    assert not settings.unknown(variables)
    given = {line.split(":")[0] for line in directives("LoadCredential")}
    assert {value.removeprefix("%d/") for name, value in variables.items() if name.endswith("_FILE")} == given
    folder = directives("StateDirectory")[0]
    assert variables["WAYPOST_DATABASE__URL"].startswith(f"sqlite:///var/lib/{folder}/")


def test_bad_configuration_is_not_tried_again():
    assert directives("RestartPreventExitStatus") == ["64"], "the exit code for bad configuration in src/cli"


def test_everything_it_reads_is_installed_once(tmp_path):
    root = installed(tmp_path)
    for path in [directives("ExecStart")[0].split()[0], directives("WorkingDirectory")[0],
                 *(line.split(":")[1] for line in directives("LoadCredential")),
                 *(line.removeprefix("file:") for line in directives("Documentation"))]:
        assert (root / path.lstrip("/")).exists(), path
    keys = root / "etc/waypost/credentials"
    held = {file.name: file.read_text() for file in keys.iterdir()}
    assert re.fullmatch(r"wp_[A-Za-z0-9]{40}\n", held["bootstrap-key"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=\n", held["encryption-key"])
    assert keys.stat().st_mode & 0o777 == 0o700 and all(file.stat().st_mode & 0o777 == 0o600 for file in keys.iterdir())

    installed(tmp_path, "#!/bin/sh\n# newer\n")
    assert {file.name: file.read_text() for file in keys.iterdir()} == held, "an upgrade keeps the keys"
    assert "newer" in (root / "usr/local/bin/waypost").read_text()
