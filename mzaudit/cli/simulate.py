"""`mzaudit simulate`: the simulated estate, for any Azure client."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading

import click

from mzaudit.cli import look

EPILOG = """\b
Examples:
  mzaudit simulate drifted
  mzaudit simulate compliant -- python my_script.py
"""


@click.command(epilog=EPILOG, short_help="Serve a simulated estate to any Azure client.")
@click.argument("estate", type=click.Choice(look.ESTATES))
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
def command(estate: str, program: tuple[str, ...]) -> int:
    """Serve ESTATE on loopback until interrupted, and print the variables that lead an Azure client to it; or run
    PROGRAM with them set and exit with its code."""
    from mzaudit.cli import exits, output
    from mzaudit.cli.streams import say

    with look.simulated(estate) as simulator:
        if simulator is None:
            return exits.USAGE
        variables = simulator.environ()
        if program:
            return subprocess.run(program, env=os.environ | variables, check=False).returncode  # noqa: S603 - asked for
        output.show("\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())))
        say("serving; interrupt (Ctrl-C) to stop")
        threading.Event().wait()
    return exits.PASSED
