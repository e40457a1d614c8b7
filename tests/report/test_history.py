"""`--history`: the earlier reports of the same environments in a directory; what is none is passed over, and said."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mzaudit.report import render
from tests.cli.conftest import Outcome, folder, mzaudit
from tests.report.sample import night

__all__ = ["folder", "mzaudit"]

Call = Callable[..., Outcome]


def _save(path: Path, days: int, env: tuple[str, ...] = ("prd",)) -> None:
    run = replace(night().run, started=night().run.started - timedelta(days=days), env=env)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render("json", replace(night(), run=run)), "utf-8")


def test_earlier_reports_are_shown_and_others_named(mzaudit: Call, folder: Path) -> None:
    _save(folder / "now.json", 0)
    _save(folder / "past" / "a.json", 2)
    _save(folder / "past" / "deep" / "b.json", 1)
    _save(folder / "past" / "later.json", -1)
    _save(folder / "past" / "stg.json", 3, ("stg",))
    (folder / "past" / "notes.json").write_text("[]")
    os.mkfifo(folder / "past" / "pipe.json")
    (folder / "past" / "cut.json").write_text(render("json", night())[:500])
    said = mzaudit("report", "now.json", "-o", "html:out.html", "--history", "past")
    assert said.code == 0
    assert [line for line in said.err.splitlines() if "passed over" in line] == [
        "mzaudit: --history: passed over: past/cut.json: not a report, or cut short: "
        + said.err.partition("cut short: ")[2].splitlines()[0],
        "mzaudit: --history: passed over: past/notes.json: not a report: it has no schema_version",
        "mzaudit: --history: passed over: past/pipe.json: not a regular file",
        "mzaudit: --history: passed over: past/stg.json: a report of stg",
    ]
    page = (folder / "out.html").read_text("utf-8")
    assert [
        day for day in ("2026-11-21 02:30", "2026-11-22 02:30", "2026-11-23 02:30", "2026-11-24") if day in page
    ] == [
        "2026-11-21 02:30",
        "2026-11-22 02:30",
        "2026-11-23 02:30",
    ]
    assert page.index("2026-11-23 02:30<") < page.index("2026-11-21 02:30<"), "the latest first"


def test_yesterdays_report_counts_before_it_is_replaced(mzaudit: Call, folder: Path) -> None:
    mzaudit("init", "--example", "monozu")
    _save(folder / "reports" / "prd" / "mzaudit-prd.json", 400)
    outputs = ("-o", "json:reports/prd/mzaudit-prd.json", "-o", "html:reports/prd/mzaudit-prd.html")
    said = mzaudit("check", "--env", "prd", "--simulate", "compliant", "--history", "reports", *outputs)
    assert said.code == 0, said.err
    assert "2025-10-19 02:30<" in (folder / "reports" / "prd" / "mzaudit-prd.html").read_text("utf-8")


def test_all_stands_for_the_environments_of_the_policy(mzaudit: Call, folder: Path) -> None:
    _save(folder / "past" / "all.json", 400, ("dev", "stg", "prd"))
    _save(folder / "past" / "prd.json", 300)
    outputs = ("-o", "html:all.html")
    said = mzaudit("check", "--env", "all", "--simulate", "compliant", "--history", "past", *outputs)
    assert said.code == 0, said.err
    assert [line for line in said.err.splitlines() if "passed over" in line] == [
        "mzaudit: --history: passed over: past/prd.json: a report of prd"
    ]
    assert "2025-10-19 02:30<" in (folder / "all.html").read_text("utf-8")


def test_a_directory_that_is_none_is_refused(mzaudit: Call, folder: Path) -> None:
    _save(folder / "now.json", 0)
    said = mzaudit("report", "now.json", "-o", "html:out.html", "--history", "nowhere")
    assert said.code == 2
    assert "--history nowhere: expected a directory of JSON reports" in said.err
