"""The command line: parse, call, write, exit. The only package with print, exit codes, the clock and the environment.

Commands are imported when they are asked for, and import the packages they need when they run.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from mzaudit import __version__, exit_codes
from mzaudit.cli import deadline
from mzaudit.cli.crash_report import trace
from mzaudit.cli.streams import discard, ready, say
from mzaudit.errors import Abandoned, InputError

_GC_THRESHOLD: Final = 100_000  # objects made and not yet freed
COMMANDS: Final = {
    "check": ("mzaudit.cli.commands.check", "Judge an environment against the policy; the gate."),
    "collect": ("mzaudit.cli.commands.collect", "Read the live state into a snapshot file."),
    "doctor": ("mzaudit.cli.commands.doctor", "Say which permissions the caller has, lacks and needs."),
    "report": ("mzaudit.cli.commands.report", "Draw a saved report in another format."),
    "comment": ("mzaudit.cli.commands.comment", "Keep one comment and a status on the pull request."),
    "ticket": ("mzaudit.cli.commands.ticket", "Keep one issue or work item for the gate."),
    "notify": ("mzaudit.cli.commands.notify", "Notify Microsoft Teams, Slack or any webhook of a run."),
    "diff": ("mzaudit.cli.commands.diff", "Compare two snapshots or two reports."),
    "preview": ("mzaudit.cli.commands.preview", "Say what a change of the policy would change, on a saved snapshot."),
    "rules": ("mzaudit.cli.commands.rules", "List the rules."),
    "explain": ("mzaudit.cli.commands.explain", "Show a rule's page."),
    "policy": ("mzaudit.cli.commands.policy", "Validate the policy; print its schema and requirements."),
    "demo": ("mzaudit.cli.commands.demo", "Run the main job on a simulated estate that has drifted."),
    "init": ("mzaudit.cli.commands.init", "Write a policy to start from, or a pipeline that runs it."),
    "adopt": ("mzaudit.cli.commands.adopt", "Draft a policy for an estate that is there already."),
    "simulate": ("mzaudit.cli.commands.simulate", "Serve a simulated estate to any Azure client."),
    "drill": ("mzaudit.cli.commands.drill", "Prove a policy: mutate the estate it describes, and look again."),
    "completion": ("mzaudit.cli.commands.completion", "Print a shell's completion script."),
}


class Lazy(click.Group):
    """A group that imports a command when it is asked for, and suggests the nearest name of an unknown one."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # Any: as click has it
    ) -> click.Context:
        """As click has it; of a command that stands behind a wrong option, the earlier files are set aside."""
        given = list(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError:
            _set_aside(given)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it; of a command that is misspelt, the earlier files are set aside."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            _set_aside(args)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and ctx.resilient_parsing:
            return None  # a shell completes a line that is no command's
        if cmd_name not in COMMANDS:
            near = _nearest(cmd_name)
            ctx.fail(f"No such command {cmd_name!r}." + (f" Did you mean {near!r}?" if near else ""))
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])


def _nearest(word: str) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(word, COMMANDS, 1)), None)


def _set_aside(args: Sequence[str]) -> None:
    """Set aside the earlier files of the command that these arguments are of: the one that is nearest to their first
    word, where that is no option, else the first that they name, else the gate."""
    from mzaudit.cli.previous_reports import Writing

    first = next(iter(args), "")
    near = None if first.startswith("-") else _nearest(first)
    at = 0 if near else next((at for at, word in enumerate(args) if word in COMMANDS), -1)
    meant = near or (args[at] if at >= 0 else "check")
    asked = importlib.import_module(COMMANDS[meant][0]).command
    if isinstance(asked, Writing):
        asked.set_aside(list(args[at + 1 :]))


EPILOG = f"""\b
Examples:
  mzaudit demo
  mzaudit check --env prd
  mzaudit check --env prd --simulate drifted
  mzaudit collect --env prd -o snapshot.json
  mzaudit check --env prd --snapshot snapshot.json -o markdown:report.md
  mzaudit explain shared-secrets-equal

\b
Exit codes:
{exit_codes.table()}
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
    # A pipeline that is cancelled sends SIGTERM: it is to leave as after Ctrl-C, without drafts and with the line.
    signal.signal(signal.SIGTERM, _terminated)
    # No other package that happens to be installed has a say in how a policy is checked, nor need it be searched for.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # Nearly all that a command imports and reads stays to its end: to look for garbage among it costs a fifth of a run.
    gc.set_threshold(_GC_THRESHOLD)
    # Python would print the words of an exception that no caller gets, and they may hold a secret.
    threading.excepthook = sys.unraisablehook = _in_the_background
    code = run(list(sys.argv[1:] if args is None else args))
    gc.freeze()  # nor is it worth a look on the way out
    sys.exit(code)


def _terminated(*_: object) -> None:
    # A shell without job control starts what it puts in the background with SIGINT ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)


def run(args: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return _run(args)
    finally:
        deadline.end()


def _run(args: list[str]) -> int:
    ready()
    try:
        code = group.main(args, prog_name="mzaudit", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as asked:
        sys.stderr.write(f"{asked.format_message()}\n")
        return exit_codes.USAGE
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        say(said.getvalue().rstrip("\n"))
        return exit_codes.USAGE
    except click.Abort as stopped:
        # click takes an EOFError, which a library may raise, for the end of what a person types.
        return _crashed(stopped.__cause__, args) if isinstance(stopped.__cause__, EOFError) else _interrupted()
    except KeyboardInterrupt:
        return _interrupted()
    except InputError as error:
        say(str(error))
        return exit_codes.USAGE
    except Abandoned as error:
        deadline.leave_if_up()
        say(str(error))
        return exit_codes.ABANDONED
    except SystemExit as left:
        # click leaves so after completing a shell's line, and when the reader of its help has gone.
        return exit_codes.ABANDONED if left.code else exit_codes.PASSED
    except BrokenPipeError:
        discard(sys.stdout)
        say("stdout was closed before everything was written")
        return exit_codes.ABANDONED
    except Exception as error:  # noqa: BLE001 - the last resort: a defect must leave with 4, never with Python's 1
        return _crashed(error, args)
    return code if isinstance(code, int) else exit_codes.PASSED


def _in_the_background(defect: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
    say(f"in the background: {defect.exc_type.__name__}")


def _interrupted() -> int:
    say("interrupted before the end: files already written are whole, others were not written")
    return exit_codes.INTERRUPTED


def _crashed(error: BaseException, args: Sequence[str]) -> int:
    if "--debug" in args:
        say("\n".join(trace(error)))
    say(f"internal error: {type(error).__name__}; run again with --debug and report it")
    return exit_codes.ABANDONED
