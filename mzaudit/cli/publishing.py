"""What `comment`, `ticket` and `notify` share: the report of this run, or that there is none, and the way out."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mzaudit.cli.streams import say
from mzaudit.errors import InputError, SnapshotError

if TYPE_CHECKING:
    from mzaudit.engine.results import Report
    from mzaudit.publish.http import Route
    from mzaudit.publish.message import GateMessage
    from mzaudit.publish.publish_comment import PublishResult

_LONGEST = 300.0  # seconds for all that is written, with all tries
_SKEW = 60.0  # seconds by which the pipeline's clock may be ahead of this machine's

report_argument = click.argument("saved", type=click.Path(path_type=Path), metavar="REPORT.json")
environments_option = click.option(
    "--env", "environments", multiple=True, metavar="ENV", help="Of which gate to say that it was not judged."
)
policy_option = click.option(
    "--policy", type=click.Path(path_type=Path), help="The policy of that gate.  [default: policies/]"
)
name_people_option = click.option(
    "--name-people", is_flag=True, help="Name people: who read, who changed it, who answers for a waiver."
)


def report_of_this_run(saved: Path, environments: tuple[str, ...]) -> Report | None:
    """The saved report; none where it is not there, cannot be read or was written before this run began, which is said.

    Raises `InputError` or `SnapshotError` where nothing else names the gate that was not judged.
    """
    from mzaudit.cli.load_files import read_report
    from mzaudit.publish.pipeline import started

    try:
        report = read_report(saved)
    except (InputError, SnapshotError) as error:
        if not environments:
            raise
        say(str(error))
        return None
    began = started(os.environ)
    if began is not None and saved.stat().st_mtime + _SKEW < began:
        if not environments:
            raise InputError(f"{saved}: was written before this run began: give --env, to say that it was not judged")
        say(f"{saved}: was written before this run began, and says nothing of it")
        return None
    return report


def gate_message(report: Report | None, environments: tuple[str, ...], policy: Path | None) -> GateMessage:
    """What is to be told: what a report says, or that there is none."""
    from mzaudit.cli.resolve import environment_names, policy_files
    from mzaudit.publish.message import of, unjudged

    if report is not None:
        return of(report)
    return unjudged(environment_names(environments), policy_files(policy))


def published(
    act: Callable[[Mapping[str, str], Route], Coroutine[Any, Any, PublishResult]],  # Any: as asyncio has it
    unwritten: str,
) -> tuple[str, ...]:
    """Tell, say what was done, and give why what was not written was not; never fails. `unwritten` names it."""
    import asyncio

    from mzaudit.azure.client.connection import Connection
    from mzaudit.azure.client.daemon_threads import Threads
    from mzaudit.cli.debug_log import configure_logging
    from mzaudit.publish.http import Route
    from mzaudit.publish.pipeline import NoPlaceError

    async def telling(route: Route) -> PublishResult:
        asyncio.get_running_loop().set_default_executor(Threads())  # the look-up of a name may never end
        async with asyncio.timeout(_LONGEST):
            return await act(os.environ, route)

    try:
        connection = Connection.from_environment(os.environ)
        route = Route(connection.proxy_for, connection.certificates())
        configure_logging(debug=False)
        written = asyncio.run(telling(route))
    except (NoPlaceError, InputError) as error:
        return (f"{unwritten}: {error}",)
    except TimeoutError:
        return (f"{unwritten}, or only in part: gave up after {_LONGEST / 60:.0f} minutes; run the step again",)
    except Exception as error:  # noqa: BLE001 - a defect in telling is not to turn a gate that passed red
        return (f"{unwritten}: internal error: {type(error).__name__}; report it",)
    if written.done:
        say(", ".join(written.done))
    return written.failed
