"""The Dockerfile as its stages and their instructions."""

import re
import shlex
from dataclasses import dataclass, field

from chart import ROOT


@dataclass
class Stage:
    image: str
    name: str | None
    instructions: list = field(default_factory=list)

    def all(self, word):
        return [rest for held, rest in self.instructions if held == word]

    def one(self, word):
        found = self.all(word)
        assert len(found) == 1, f"one {word} in the last stage, not {len(found)}"
        return found[0]

    def environment(self):
        return dict(pair.split("=", 1) for line in self.all("ENV") for pair in shlex.split(line))


def stages():
    """The stages in order, with the ARGs before the first in the names of their images."""
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found, arguments = [], {}
    for line in filter(str.strip, text.splitlines()):
        word, rest = line.strip().split(None, 1)
        if word == "FROM":
            image, *name = re.split(r"\s+AS\s+", re.sub(r"\$\{(\w+)\}", lambda held: arguments[held[1]], rest))
            found.append(Stage(image, name[0] if name else None))
        elif not found:
            name, value = rest.split("=")
            arguments[name] = value
        else:
            found[-1].instructions.append((word, rest))
    return found
