"""`mzaudit simulate`: the simulated estate, for any Azure client."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from mzaudit.cli import options, simulation
from mzaudit.cli.simulation import documented, simulated
from mzaudit.errors import InputError

EPILOG = """\b
Examples:
  mzaudit simulate drifted --proxy
  mzaudit simulate -- python my_script.py
  mzaudit simulate drifted -- az login --service-principal ...
"""
_KILLED = 128  # what a shell adds to the number of the signal that ended a program


class _Split(click.Command):
    """Everything after `--` is the program: click alone would take its first word for the estate."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        rest = super().parse_args(ctx, args[:end])
        if args[end:] == ["--"]:
            raise click.UsageError("a program to run is expected after --", ctx)
        ctx.params["program"] = tuple(args[end + 1 :])
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return super().collect_usage_pieces(ctx)[::-1]  # the estate comes before --


@click.command(
    cls=_Split,
    epilog=EPILOG,
    short_help="Serve a simulated estate to any Azure client.",
    options_metavar="[--proxy | -- PROGRAM [ARGUMENTS]...]",
)
@click.argument(
    "estate",
    metavar=simulation.METAVAR,
    callback=simulation.estate,
    shell_complete=simulation.estates,
    default="compliant",
)
@options.policy()
@click.option("--proxy", is_flag=True, help="Serve until interrupted; what is done without a PROGRAM.")
def command(estate: str, policy: Path | None, proxy: bool, program: tuple[str, ...]) -> int:
    """Serve ESTATE (else `compliant`) of the policy (else of the shipped one) on loopback through a CONNECT proxy until
    interrupted, and print the variables that lead an unmodified Azure client to it; or run PROGRAM with them set and
    leave with its exit code."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.resolve import load_policy
    from mzaudit.cli.streams import say

    if proxy and program:
        raise click.UsageError("--proxy serves until interrupted: it takes no program")
    loaded = documented(load_policy(policy, shipped=True), estate)
    with simulated(estate, loaded) as simulator:
        if simulator is None:
            return exit_codes.USAGE
        variables = simulator.environ()
        if program:
            return _run(program, os.environ | variables)
        output.show("\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())))
        say("serving; interrupt (Ctrl-C) to stop")
        threading.Event().wait()
    return exit_codes.PASSED


def _run(program: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end and give its exit code, as a shell would; what stops programs is for it to answer."""
    running: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def hand_on(number: int, _: object) -> None:
        if running:
            running[0].send_signal(number)
        else:
            early.append(number)

    # Ctrl-C reaches the whole foreground group, so the program has it already. SIGTERM is sent to this process alone.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    before[signal.SIGTERM] = signal.signal(signal.SIGTERM, hand_on)
    try:
        try:
            running.append(subprocess.Popen(program, env=environment))  # noqa: S603 - asked for
        except OSError as error:
            raise InputError(f"{program[0]}: cannot be run: {error.strerror}") from error
        for number in early:
            running[0].send_signal(number)
        code = running[0].wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return code if code >= 0 else _KILLED - code
