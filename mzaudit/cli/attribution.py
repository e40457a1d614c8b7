"""`check --attribute`: who changed each failing resource last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mzaudit import __version__
from mzaudit.cli.collection import run_async
from mzaudit.cli.sign_in import credentials_and_connection
from mzaudit.errors import MzauditError

if TYPE_CHECKING:
    from mzaudit.engine.results import Report
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.simulator import Simulator


def with_attribution(
    report: Report, loaded: Loaded, simulator: Simulator | None, *, names: bool, timeout: float, debug: bool
) -> tuple[Report, bool]:
    """The report with who changed each failing resource last: a second, small read, and only if something fails; and
    whether it was interrupted.

    Whatever goes wrong with it, the report that was judged stays as it is."""
    from mzaudit.cli.streams import say

    try:
        return _attributed(report, loaded, simulator, names=names, timeout=timeout, debug=debug), False
    except KeyboardInterrupt:
        say("interrupted: the reports say what was judged, but not who changed what")
        return report, True
    except MzauditError as error:
        say(f"--attribute: who changed what was not read: {error}")
    except Exception as error:  # noqa: BLE001 - a defect in telling who is not to lose what was judged
        say(f"--attribute: who changed what was not read: a defect of mzaudit: {type(error).__name__}")
    return report, False


def _attributed(
    report: Report, loaded: Loaded, simulator: Simulator | None, *, names: bool, timeout: float, debug: bool
) -> Report:
    from mzaudit.azure import changes_of
    from mzaudit.cli.plugins import rules_with
    from mzaudit.engine.change_attribution import MOST, asked, attribute
    from mzaudit.snapshot.changes import Records

    every_rule = rules_with(loaded.policy.plugins)
    resources = asked(report.findings, every_rule)[:MOST]
    records, reads = Records({}, {}), report.reads
    if resources:
        tenants = {loaded.policy.environments[env].tenant for env in report.environments}
        login, connection = credentials_and_connection(tenants, simulator, debug=debug)
        asking = changes_of(
            resources, login, connection, taken=report.run.started, tool_version=__version__, timeout=timeout
        )
        records, more = run_async(asking)
        reads = (*reads, *more)
    found = attribute(report.findings, records, loaded.policy.pipelines, every_rule, names=names)
    return replace(report, findings=found, reads=reads)
