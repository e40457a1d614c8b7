"""What the README and the operator's pages say is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ruamel.yaml import YAML

from mzaudit import __version__, exit_codes, rules
from mzaudit.cli import COMMANDS, group
from mzaudit.report import FORMATS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
BEYOND = (ROOT / "docs" / "beyond.md").read_text()
SHELL = "\n".join(re.findall(r"```sh\n(.+?)```", README + OPERATING, re.S))


def test_make_demo_and_make_test_come_first() -> None:
    first = README.split("```sh\n")[1].split("```")[0].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["make demo", "make test"]


def test_its_exit_codes_are_the_codes() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README, re.M))
    assert [int(code) for code in rows] == list(exit_codes.MEANING)


ROLES = {"reader", "settings", "secret"}


def test_every_command_and_format_that_it_names_exists() -> None:
    named = re.findall(r"^mzaudit ([a-z]+)", SHELL, re.M)
    named += re.findall(r"`mzaudit ([a-z]+)", README + OPERATING + BEYOND)
    assert set(named) - ROLES <= set(COMMANDS)
    formats = OPERATING.split("## Reports")[1].split("## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", formats, re.M) == sorted(FORMATS, key=formats.index)


def test_it_covers_every_area_of_the_rules() -> None:
    covered = README.split("## What it covers")[1].split("## ")[0]
    areas = {rule.code.partition("-")[0] for rule in rules.load()}
    assert set(re.findall(r"\| ([A-Z]+) \|$", covered, re.M)) == areas


def test_its_picture_is_there() -> None:
    (picture,) = re.findall(r"!\[.+\]\((.+)\)", README)
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_the_hook_and_the_pipelines_that_it_shows_are_there() -> None:
    (shown,) = (YAML(typ="safe", pure=True).load(block) for block in re.findall(r"```yaml\n(.+?)```", OPERATING, re.S))
    hooks = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (repository,) = shown["repos"]
    assert repository["rev"] == f"v{__version__}"
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}
    for name in ("action.yml", "Dockerfile"):
        assert f"`{name}`" in OPERATING
        assert (ROOT / name).is_file()


def test_every_command_that_it_shows_parses() -> None:
    """Options and all; what follows `#` is prose, and `> file` is the shell's."""
    lines = [shlex.split(line, comments=True) for line in SHELL.splitlines() if line.startswith("mzaudit ")]
    assert len(lines) > 5
    for words in lines:
        rest = words[: words.index(">")] if ">" in words else words
        context = group.make_context("mzaudit", [], resilient_parsing=True)
        command = group.get_command(context, rest[1])
        assert command is not None
        command.make_context(rest[1], rest[2:])
