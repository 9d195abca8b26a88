"""The settings there are, read from src/config/default.toml, whose comments show those without a default."""

import re

from chart import ROOT

# Variables of Waypost that are no settings, and the short name of one that is.
OTHERS = {"WAYPOST_CONFIG", "WAYPOST_BOOTSTRAP_KEY"}


def known():
    found, section = set(OTHERS), ""
    for line in (ROOT / "src/config/default.toml").read_text().splitlines():
        if heading := re.match(r"(?:# )?\[+([\w.]+)\]", line):
            section = f"{heading[1].upper()}__"
        elif setting := re.match(r"(?:# )?([a-z_]+) = ", line):
            found.add(f"WAYPOST_{section}{setting[1].upper()}")
    return found


def unknown(names):
    """Those of the variables that Waypost would stop at."""
    return {name for name in names if name.startswith("WAYPOST_")} - known()


def named(variable):
    """The setting that a variable stands for."""
    short = {"WAYPOST_BOOTSTRAP_KEY": "WAYPOST_AUTH__BOOTSTRAP_KEY"}
    return short.get(variable, variable).removeprefix("WAYPOST_").lower().replace("__", ".")


def default(setting):
    """A number's default."""
    section, name = setting.split(".")
    text = (ROOT / "src/config/default.toml").read_text().split(f"[{section}]")[1]
    return int(re.search(rf"^{name} = (\d+)$", text, re.MULTILINE)[1])
