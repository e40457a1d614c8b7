"""What the README says is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ruamel.yaml import YAML

from mzaudit import __version__
from mzaudit.cli import COMMANDS, exits, group
from mzaudit.report import FORMATS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BEYOND = (ROOT / "docs" / "beyond.md").read_text()


def test_make_demo_and_make_test_come_first() -> None:
    first = README.split("```sh\n")[1].split("```")[0].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["make demo", "make test"]


def test_its_exit_codes_are_the_codes() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README, re.M))
    assert [int(code) for code in rows] == list(exits.MEANING)


ROLES = {"reader", "settings", "secret"}


def test_every_command_and_format_that_it_names_exists() -> None:
    shell = "\n".join(re.findall(r"```sh\n(.+?)```", README, re.S))
    named = re.findall(r"^mzaudit ([a-z]+)", shell, re.M) + re.findall(r"`mzaudit ([a-z]+)", README + BEYOND)
    assert set(named) - ROLES <= set(COMMANDS)
    for name in FORMATS:
        assert f"`{name}`" in README


def test_the_hook_and_the_pipelines_that_it_shows_are_there() -> None:
    (shown,) = (YAML(typ="safe", pure=True).load(block) for block in re.findall(r"```yaml\n(.+?)```", README, re.S))
    hooks = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (repository,) = shown["repos"]
    assert repository["rev"] == f"v{__version__}"
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}
    for name in ("action.yml", "Dockerfile"):
        assert f"`{name}`" in README
        assert (ROOT / name).is_file()


def test_every_command_that_it_shows_parses() -> None:
    """Options and all; what follows `#` is prose, and `> file` is the shell's."""
    shell = "\n".join(re.findall(r"```sh\n(.+?)```", README, re.S))
    lines = [shlex.split(line, comments=True) for line in shell.splitlines() if line.startswith("mzaudit ")]
    assert len(lines) > 5
    for words in lines:
        rest = words[: words.index(">")] if ">" in words else words
        context = group.make_context("mzaudit", [], resilient_parsing=True)
        command = group.get_command(context, rest[1])
        assert command is not None
        command.make_context(rest[1], rest[2:])
