"""`mzaudit rules`: the catalogue."""

from __future__ import annotations

import click


@click.command(short_help="List the rules.")
def command() -> int:
    """List every rule: code, severity, title, the requirements that it answers."""
    from mzaudit import rules
    from mzaudit.cli import exits, output

    lines = [f"{rule.code:<9}{rule.severity:<10}{rule.title}  ({', '.join(rule.answers)})" for rule in rules.load()]
    output.show("\n".join(lines))
    return exits.PASSED
