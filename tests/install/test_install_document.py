"""What docs/install.md says is so."""

import re

import pytest
import yaml

import settings
from chart import ROOT
from combinations import COMBINATIONS
from conftest import rendered
from dockerfile import stages
from manifests import environment, nodes
from test_systemd import directives

INSTALL = ROOT / "docs/install.md"


def of_the_unit():
    return {line.split("=", 1)[0] for line in directives("Environment")}


def of_the_image():
    return set(stages()[-1].environment())


def of_compose(name):
    services = yaml.safe_load((ROOT / name).read_text())["services"].values()
    return {variable for service in services if "build" in service for variable in service["environment"]}


def of_the_chart():
    own = set()
    for name, values in COMBINATIONS.items():
        given = {variable["name"] for variable in values.get("env", [])}
        own |= {variable for _, _, spec in nodes(rendered(name)) for variable in environment(spec).keys() - given}
    return own


HELD = {
    "systemd": of_the_unit,
    "image": of_the_image,
    "`compose.yaml`": lambda: of_compose("compose.yaml"),
    "`compose.postgres.yaml`": lambda: of_compose("compose.postgres.yaml"),
    "chart": of_the_chart,
}


def listed():
    """The table's settings by who holds them; a row without a name goes on with the one above."""
    table, holder, found = INSTALL.read_text().split("## Settings that are held already")[1].split("\n## ")[0], "", {}
    for name, held, _ in re.findall(r"^\| ?(.*?) ?\| (.*?) \| (.*) \|$", table, re.MULTILINE):
        holder = name or holder
        found.setdefault(holder, set()).update(re.findall(r"`([a-z_.]+)`", held))
    return found


@pytest.mark.parametrize("holder", HELD)
def test_settings_that_are_held_are_listed(holder):
    assert listed()[holder] == {settings.named(variable) for variable in HELD[holder]() - {"WAYPOST_CONFIG"}}


def test_commands_are_for_the_namespace_that_it_installs_into():
    text = INSTALL.read_text() + (ROOT / "helm/waypost/README.md").read_text()
    commands = re.findall(r"(?:helm (?:install|upgrade|test) waypost|kubectl create secret)[^\n|`]*", text)
    assert len(commands) == 7
    assert [command for command in commands if "--namespace waypost" not in command] == []
