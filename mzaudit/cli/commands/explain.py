"""`mzaudit explain`: a rule's page."""

from __future__ import annotations

import click

from mzaudit.cli import options


@click.command(short_help="Show a rule's page.")
@click.argument("code")
@options.plugins
def command(code: str, plugins: tuple[str, ...]) -> int:
    """Show what a rule checks, why it matters, and how to fix it. CODE may be the rule's slug."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.evaluation import known
    from mzaudit.cli.plugins import rules_with
    from mzaudit.report.rule_page import page

    every_rule = rules_with(plugins)
    asked = next((rule for rule in every_rule if code.upper() == rule.code or code == rule.slug), None)
    if asked is None:
        known((code,), [rule.code for rule in every_rule])
        return exit_codes.USAGE
    output.show(page(asked, linked=False))
    return exit_codes.PASSED
