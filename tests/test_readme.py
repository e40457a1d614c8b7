"""What the README says is so."""

from __future__ import annotations

import re
from pathlib import Path

from mzaudit.cli import COMMANDS, exits
from mzaudit.report import FORMATS

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_make_demo_and_make_test_come_first() -> None:
    first = README.split("```sh\n")[1].split("```")[0].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["make demo", "make test"]


def test_its_exit_codes_are_the_codes() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README, re.M))
    assert [int(code) for code in rows] == list(exits.MEANING)


ROLES = {"reader", "settings", "secret"}


def test_every_command_and_format_that_it_names_exists() -> None:
    shell = "\n".join(re.findall(r"```sh\n(.+?)```", README, re.S))
    named = re.findall(r"^mzaudit ([a-z]+)", shell, re.M) + re.findall(r"`mzaudit ([a-z]+)", README)
    assert set(named) - ROLES <= set(COMMANDS)
    for name in FORMATS:
        assert f"`{name}`" in README
