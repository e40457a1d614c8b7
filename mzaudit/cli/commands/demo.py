"""`mzaudit demo`: the main job on a simulated estate, and what a gate would have seen."""

from __future__ import annotations

import click

from mzaudit.cli import options


@click.command(short_help="Run the main job on a simulated estate that has drifted.")
@options.debug
def command(debug: bool) -> int:
    """Run `mzaudit check --env prd --simulate drifted` with the shipped policy: no Azure, no credentials. Shows the
    terminal report, writes the reports under ./reports, says which exit code a gate would have seen, and exits 0."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.commands.check import command as check
    from mzaudit.policy.shipped_policy import shipped

    args = ["--env", "prd", "--simulate", "drifted", "--policy", str(shipped()), *(["--debug"] if debug else [])]
    code = check.main(args, prog_name="mzaudit check", standalone_mode=False)
    output.show(f"\nA gate would have seen exit code {code}: {exit_codes.MEANING[code]}.")
    return exit_codes.PASSED
