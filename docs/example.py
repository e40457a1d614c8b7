"""The example: `python -m docs.example` writes reports/example/, one run over the drifted estate in every format.

The run is a real one, over the wire. Its clock and the estate's are set, so that it says the same on every day.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mzaudit import __version__
from mzaudit.azure import collect
from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy
from mzaudit.cli.sign_in import credentials_and_connection
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.drill.simulated_estates import build
from mzaudit.engine.results import Report
from mzaudit.policy.loader.load import load
from mzaudit.policy.models import Severity
from mzaudit.policy.shipped_policy import shipped
from mzaudit.report import FORMATS, render
from mzaudit.rules import vocabulary
from mzaudit.simulator import serve

FOLDER = Path(__file__).parents[1] / "reports" / "example"
ENV = "prd"
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NIGHTLY = timedelta(hours=3)


def run() -> Report:
    """The report of the night."""
    loaded = load(shipped(), vocabulary(), "policies")
    with serve(build("drifted", loaded, MIDNIGHT)) as simulator:
        wanted = bind_policy(loaded, (ENV,), subscriptions_of(loaded, (ENV,), simulator=simulator))
        login, connection = credentials_and_connection(set(), simulator, debug=False)
        seen = asyncio.run(
            collect(
                scope_of(wanted),
                login,
                connection,
                taken=MIDNIGHT + NIGHTLY,
                tool_version=__version__,
                source="simulated",
                timeout=600,
                values=True,
            )
        )
    return judge(loaded, wanted, seen, fail_on=Severity.MEDIUM)


def files() -> dict[str, str]:
    """The text of every file by its name, which is its format's."""
    report = run()
    return {f"{name}.{FORMATS[name].extension}": render(name, report) for name in FORMATS}


def main() -> None:
    """Write the files, and take away those of formats that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for stale in {path.name for path in FOLDER.iterdir()} - wanted.keys() - {"README.md"}:
        (FOLDER / stale).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
