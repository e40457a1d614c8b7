"""`mzaudit rules`: the catalogue."""

from __future__ import annotations

import click


@click.command(short_help="List the rules.")
def command() -> int:
    """List every rule: code, severity, title. Which requirements each answers: `mzaudit policy requirements`."""
    from mzaudit import exit_codes, rules
    from mzaudit.cli import output

    lines = [f"{rule.code:<9}{rule.severity:<10}{rule.title}" for rule in rules.load()]
    output.show("\n".join(lines))
    return exit_codes.PASSED
