"""The options that commands share, each said once; a command's help shows them in sections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from mzaudit.cli import simulation
from mzaudit.cli.deadline import start

F = TypeVar("F", bound=Callable[..., Any])

JUDGED: Final = "What is judged"
GATE: Final = "The gate"
REPORTS: Final = "Reports"
AZURE: Final = "Reading Azure"


class SectionOption(click.Option):
    """An option that stands in a section of its command's help."""

    def __init__(self, *names: Any, section: str, **settings: Any) -> None:  # Any: as click has them
        super().__init__(*names, **settings)
        self.section = section


class OutputOption(SectionOption):
    """`-o`: its help lists the formats, which only somebody who asks for help waits for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As click has it, with the formats."""
        from mzaudit.report import FORMATS

        record = super().get_help_record(ctx)
        return record and (record[0], f"{record[1]} Formats: {', '.join(FORMATS)}.")


class SectionedCommand(click.Command):
    """A command whose help shows its options in sections, in the order in which they first come."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section; what is in none comes last, as Options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(parameter, "section", ""), []).append(record)
        rest = sections.pop("", [])
        for title, records in (*sections.items(), ("Options", rest)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def option(section: str, *names: str, **settings: Any) -> Callable[[F], F]:  # Any: as click has them
    """An option of that section."""
    return click.option(*names, cls=SectionOption, section=section, **settings)


def environments(
    help_: str = "Environment; repeat for several, or all.", *, required: bool = False
) -> Callable[[F], F]:
    """`--env`, any number of times."""
    return option(JUDGED, "--env", "environments", multiple=True, required=required, metavar="ENV", help=help_)


def policy(help_: str = "Policy file or directory.  [default: policies/]", name: str = "policy") -> Callable[[F], F]:
    """`--policy`."""
    return option(JUDGED, "--policy", name, type=click.Path(path_type=Path), help=help_)


plugins = click.option(
    "--plugins", multiple=True, metavar="NAME", help="Rules of an installed package too, as `plugins` of a policy."
)

subscription = option(
    JUDGED, "--subscription", metavar="ID", help="Subscription; else MZAUDIT_SUBSCRIPTION_ID, else the policy's."
)


def simulate(verb: str) -> Callable[[F], F]:
    """`--simulate`, which takes the name of an estate; `verb` is what the command does with it."""
    return option(
        JUDGED,
        "--simulate",
        metavar=simulation.METAVAR,
        callback=simulation.estate,
        shell_complete=simulation.estates,
        help=f"{verb} a simulated estate on this machine.",
    )


def output(help_: str) -> Callable[[F], F]:
    """`-o FORMAT[:PATH]`, any number of times."""
    return click.option(
        "-o",
        "--output",
        "outputs",
        cls=OutputOption,
        section=REPORTS,
        multiple=True,
        metavar="FORMAT[:PATH]",
        help=help_,
    )


history = option(
    REPORTS,
    "--history",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Earlier JSON reports, for the trend.",
)


def fail_on(help_: str = "The least severity that fails the gate.") -> Callable[[F], F]:
    """`--fail-on`."""
    severities = click.Choice(["critical", "high", "medium", "low"])
    return option(GATE, "--fail-on", type=severities, default="medium", show_default=True, help=help_)


no_secret_values = option(
    AZURE, "--no-secret-values", is_flag=True, help="Read no secret value; rules that need one are inconclusive."
)
wake_databases = option(
    AZURE, "--wake-databases", is_flag=True, help="Read paused databases too; waking them is billed."
)
debug = option(AZURE, "--debug", is_flag=True, help="Log requests (never bodies) and show tracebacks.")


def timeout(help_: str) -> Callable[[F], F]:
    """`--timeout`, read before every other option: the watchdog runs from then on."""
    return option(
        AZURE,
        "--timeout",
        "deadline",
        metavar="DURATION",
        default="10m",
        show_default=True,
        is_eager=True,
        callback=start,
        help=f"{help_} The command ends within five seconds of it.",
    )
