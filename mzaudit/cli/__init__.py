"""The command line: parse, call, write, exit. The only room with print, exit codes, the clock and the environment.

Commands are imported when they are asked for, and import the rooms they need when they run.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from mzaudit import __version__
from mzaudit.cli import exits
from mzaudit.errors import Abandoned, InputError

COMMANDS: Final = {
    "check": ("mzaudit.cli.check", "Judge an environment against the policy; the gate."),
    "collect": ("mzaudit.cli.collect", "Read the live state into a snapshot file."),
    "report": ("mzaudit.cli.report", "Draw a saved report in another format."),
    "rules": ("mzaudit.cli.rules", "List the rules."),
    "explain": ("mzaudit.cli.explain", "Show a rule's page."),
    "policy": ("mzaudit.cli.policy", "Validate the policy; print its schema and requirements."),
    "demo": ("mzaudit.cli.demo", "Run the main job on a simulated estate that has drifted."),
    "init": ("mzaudit.cli.init", "Write the shipped policy into ./policies."),
    "simulate": ("mzaudit.cli.simulate", "Serve a simulated estate to any Azure client."),
}


class Lazy(click.Group):
    """A group that imports a command when it is asked for, and suggests the nearest name of an unknown one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, 1)
            ctx.fail(f"No such command {cmd_name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])


EPILOG = f"""\b
Examples:
  mzaudit demo
  mzaudit check --env prd
  mzaudit check --env prd --simulate drifted
  mzaudit collect --env prd -o snapshot.json
  mzaudit check --env prd --snapshot snapshot.json -o markdown:report.md
  mzaudit explain KV-006

\b
Exit codes:
{exits.table()}
"""


@click.group(
    cls=Lazy, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__, prog_name="mzaudit", message="%(prog)s %(version)s")
def group() -> None:
    """Says whether a live Azure estate is what its documentation says it is.

    What could not be read is inconclusive, never a pass. No secret is ever shown.
    """


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with a documented exit code; an uncaught exception is never 1."""
    sys.exit(run(list(sys.argv[1:] if args is None else args)))


def run(args: list[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    debug = "--debug" in args
    try:
        code = group.main(args, prog_name="mzaudit", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return exits.USAGE
    except (KeyboardInterrupt, click.Abort):
        say("interrupted: the results are incomplete, no report was written")
        return exits.INTERRUPTED
    except InputError as error:
        say(str(error))
        return exits.USAGE
    except Abandoned as error:
        say(str(error))
        return exits.ABANDONED
    except BrokenPipeError:
        # The reader of stdout has gone (`| head`): what it wanted it has; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        say("stdout was closed before everything was written")
        return exits.ABANDONED
    except Exception as error:  # noqa: BLE001 - the last resort: a defect must leave with 4, never with Python's 1
        if debug:
            import traceback

            say(traceback.format_exc())
        say(f"internal error: {type(error).__name__}; run again with --debug and report it")
        return exits.ABANDONED
    return code if isinstance(code, int) else exits.PASSED


def say(text: str) -> None:
    """A line for people, on stderr, with anything that a pipeline would take for a command made inert."""
    from mzaudit.report.neutral import log

    for line in text.splitlines():
        click.echo(f"mzaudit: {log(line)}", err=True)
