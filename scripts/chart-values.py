#!/usr/bin/env python3
"""Prints helm/waypost/README.md with the table of values made anew from values.yaml: its keys, defaults and comments.

Needs nothing but Python. What it reads is YAML as values.yaml is written: two spaces a level, a comment above what it explains.
"""

import re
from pathlib import Path

CHART = Path(__file__).resolve().parents[1] / "helm/waypost"
BEGIN, END = "<!-- begin: values -->\n", "<!-- end: values -->"


def rows(lines):
    """(key, default, comment) of every value; a list or map that is written over several lines shows as it is."""
    path, comment, position = [], [], 0
    while position < len(lines):
        line = lines[position]
        position += 1
        text = line.strip()
        if not text:
            comment = []
        elif text.startswith("#"):
            comment.append(text.lstrip("# "))
        elif entry := re.match(r"( *)([A-Za-z_]+):(?: (.*))?$", line):
            depth, key, default = len(entry[1]) // 2, entry[2], entry[3]
            path = [*path[:depth], key]
            if default is None:
                position, default = below(lines, position, depth)
            if default is not None or comment:
                yield ".".join(path), default, " ".join(comment)
            comment = []


def below(lines, position, depth):
    """The items of a list that begins at a line, or nothing if it is a map."""
    items = []
    while position < len(lines) and (item := re.match(rf"{'  ' * (depth + 1)}- (.*)$", lines[position])):
        items.append(item[1])
        position += 1
    return position, f"[{', '.join(items)}]" if items else None


def table():
    yield "| value | default | |\n|---|---|---|\n"
    examples = re.compile(r"^ *# +-.*\n|^ *#   .*\n|^# config: \|\n", re.MULTILINE)
    text = examples.sub("", (CHART / "values.yaml").read_text())
    for key, default, comment in rows(text.splitlines()):
        shown = f"`{default}`" if default else ""
        yield f"| `{key}` | {shown} | {comment.replace('|', chr(92) + '|')} |\n"


def main():
    before, rest = (CHART / "README.md").read_text().split(BEGIN)
    after = rest.split(END)[1]
    print(before + BEGIN + "".join(table()) + END + after, end="")


if __name__ == "__main__":
    main()
