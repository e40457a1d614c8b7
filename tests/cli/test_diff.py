"""`diff` and `preview`: without credentials, exit codes as documented, nothing compared that is not comparable."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit.cli import run
from mzaudit.policy.shipped_policy import shipped
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
ESTATES = ("compliant", "drifted", "blind")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Snapshots of three estates, a report of each, and two policies."""
    folder = tmp_path_factory.mktemp("two")
    policy = ("--env", "prd", "--policy", str(shipped()))
    for estate in ESTATES:
        snapshot = folder / f"{estate}.json"
        run(["collect", *policy, "--simulate", estate, "-o", str(snapshot)])
        run(["check", *policy, "--snapshot", str(snapshot), "-o", f"json:{folder}/{estate}-report.json"])
    for name in ("base", "head"):
        shutil.copytree(shipped(), folder / name)
    return folder


@pytest.fixture
def two(seen: Path, folder: Path) -> Path:
    shutil.copytree(seen, folder, dirs_exist_ok=True)
    return folder


DIFF: dict[str, tuple[str, str, int, str]] = {
    "a snapshot and itself": ("compliant.json", "compliant.json", 0, "NO DIFFERENCE  0 drifts"),
    "two snapshots": ("compliant.json", "drifted.json", 1, "DIFFERENT"),
    "nothing was seen": ("compliant.json", "blind.json", 3, "INCOMPLETE  0 drifts; "),
    "nothing was seen before": ("blind.json", "compliant.json", 3, "INCOMPLETE  0 drifts; "),
    "nothing was seen twice": ("blind.json", "blind.json", 3, "INCOMPLETE  0 drifts; 0 that only one of the two saw"),
    "a report and itself": ("drifted-report.json", "drifted-report.json", 0, "NO DIFFERENCE  0 findings differ"),
    "two reports": ("compliant-report.json", "drifted-report.json", 1, "DIFFERENT"),
    "a report that saw nothing": ("compliant-report.json", "blind-report.json", 3, "INCOMPLETE"),
}


@pytest.mark.parametrize("case", DIFF)
@pytest.mark.parametrize("form", ["text", "markdown"])
def test_diff(case: str, form: str, two: Path, mzaudit: Call) -> None:
    old, new, code, words = DIFF[case]
    outcome = mzaudit("diff", old, new, "--format", form)
    assert outcome.code == code, outcome
    assert words in outcome.out
    assert f"(exit {code})" in outcome.out
    assert "SIMULATED" in outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize("kind", ["", "-report"])
def test_a_clock_that_was_wrong_is_said_and_sets_no_order(kind: str, two: Path, mzaudit: Call) -> None:
    later = json.loads((two / f"drifted{kind}.json").read_text())
    of, taken = (later["run"], "started") if kind else (later, "taken")
    of |= {taken: "2026-01-01T00:00:00Z", "skew": 525_600}
    (two / "later.json").write_text(json.dumps(later))
    said = mzaudit("diff", f"compliant{kind}.json", "later.json").out
    assert "WRONG CLOCK, second file: this machine's clock was 365 days slow" in said
    assert "BACKWARDS" not in said


REFUSED: dict[str, tuple[str, str, str]] = {
    "a mix": ("compliant.json", "drifted-report.json", "expected two snapshots or two reports, found one of each"),
    "nothing": ("compliant.json", "nothing.json", "nothing.json: cannot be read"),
    "a policy": ("compliant.json", "base/monozu.yaml", "neither a snapshot nor a report"),
    "another document": ("compliant.json", "other.json", "expected a snapshot or a JSON report"),
    "cut short": ("compliant.json", "cut.json", "cut.json: neither a snapshot nor a report, or cut short"),
    "another environment": ("compliant.json", "stg.json", "environments: expected"),
    "another environment's report": ("compliant-report.json", "stg-report.json", "environments: expected prd"),
    "a real estate": ("compliant.json", "real.json", "source: expected simulated"),
    "a real estate's report": ("compliant-report.json", "real-report.json", "source: expected simulated"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared(case: str, two: Path, mzaudit: Call) -> None:
    snapshot, report = ((two / f"compliant{end}.json").read_text() for end in ("", "-report"))
    (two / "other.json").write_text("{}")
    (two / "cut.json").write_text(snapshot[:-50])
    (two / "stg.json").write_text(re.sub(r'"environments": \{\s*"prd"', '"environments": {"stg"', snapshot))
    (two / "stg-report.json").write_text(report.replace('"env": [\n      "prd"', '"env": [\n      "stg"'))
    (two / "real.json").write_text(snapshot.replace('"source": "simulated"', '"source": "azure"'))
    (two / "real-report.json").write_text(report.replace('"source": "simulated"', '"source": "azure"'))
    old, new, words = REFUSED[case]
    outcome = mzaudit("diff", old, new)
    assert outcome.code == 2, outcome
    assert words in outcome.err
    assert outcome.out == ""


def _edit(file: str, before: str, after: str) -> Callable[[Path], None]:
    def edit(head: Path) -> None:
        text = (head / file).read_text()
        assert before in text
        (head / file).write_text(text.replace(before, after, 1))

    return edit


WAIVER = """version: 1
waivers:
- code: KV-006
  subject: CLOUD_WEBHOOK_HMAC_SECRET
  reason: r
  owner: o
  ticket: t
  created: {day}
  expires: {day}
"""


def _waive(head: Path) -> None:
    day = json.loads((head.parent / "drifted.json").read_text())["taken"][:10]
    (head / "waivers.yaml").write_text(WAIVER.format(day=day))


PREVIEW: dict[str, tuple[str, Callable[[Path], None], int, tuple[str, ...]]] = {
    "nothing was edited": ("drifted", lambda _: None, 0, ("NO NEW VIOLATION", "0 differences in all")),
    "a comment": ("drifted", _edit("monozu.yaml", "\nversion: 1", "\n# words\n\nversion: 1"), 0, ("0 differences in",)),
    "one more secret": (
        "compliant",
        _edit("monozu.yaml", "      SNAP_PUBLISH_TOKEN: {}\n", "      SNAP_PUBLISH_TOKEN: {}\n      NEW_ONE: {}\n"),
        1,
        ("SET-001 cloud/NEW_ONE (prd): not asked before, critical violation now", "not-collected: GET", "NEW-ONE"),
    ),
    "a larger plan, below the gate": (
        "compliant",
        _edit("monozu.yaml", "recommended: P2v3", "recommended: P3v3"),
        0,
        ("APP-004 cloud (prd): pass before, low violation now", "0 new violations at or above medium"),
    ),
    "another vault": (
        "compliant",
        _edit("monozu.yaml", "name: kv-mz-cloud-{env}", "name: kv-mz-other-{env}"),
        1,
        ("INCONCLUSIVE", "kv-mz-other-prd (this snapshot does not have it)"),
    ),
    "another component": (
        "compliant",
        _edit("monozu.yaml", "appi-monozu-{env}", "appi-other-{env}"),
        3,
        ("INCOMPLETE 0 new violations", "appi-other-prd"),
    ),
    "a waiver": (
        "drifted",
        _waive,
        0,
        ("VIOLATIONS THAT DISAPPEAR (1)", "KV-006 CLOUD_WEBHOOK_HMAC_SECRET (prd): critical violation before, waived"),
    ),
}


@pytest.mark.parametrize("case", PREVIEW)
def test_preview(case: str, two: Path, mzaudit: Call) -> None:
    estate, edit, code, words = PREVIEW[case]
    edit(two / "head")
    args = ("preview", "--snapshot", f"{estate}.json", "--base", "base", "--head", "head")
    outcome = mzaudit(*args, "--format", "text")
    assert outcome.code == code, outcome
    said = " ".join(outcome.out.split())
    assert [word for word in words if word not in said] == []
    told = mzaudit(*args)
    assert told.code == code
    assert told.out.startswith("# mzaudit preview: ")
    assert len(told.out.encode()) <= 60_000


def test_a_threshold_decides_what_a_preview_exits_with(two: Path, mzaudit: Call) -> None:
    _edit("monozu.yaml", "recommended: P2v3", "recommended: P3v3")(two / "head")
    args = ("preview", "--snapshot", "compliant.json", "--base", "base", "--head", "head", "--fail-on")
    assert [mzaudit(*args, threshold).code for threshold in ("low", "medium", "critical")] == [1, 0, 0]


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no snapshot": (("--base", "base", "--head", "head"), "Missing option '--snapshot'"),
    "a report": (("--snapshot", "compliant-report.json", "--base", "base", "--head", "head"), "compliant-report.json"),
    "no such policy": (("--snapshot", "compliant.json", "--base", "base", "--head", "nowhere"), "nowhere"),
    "a policy that is wrong": (
        ("--snapshot", "compliant.json", "--base", "base", "--head", "broken"),
        "broken/x.yaml:1",
    ),
    "an environment that is not in the snapshot": (
        ("--snapshot", "compliant.json", "--base", "base", "--head", "head", "--env", "stg"),
        "this snapshot was taken of another",
    ),
    "an environment that is not in the policy": (
        ("--snapshot", "compliant.json", "--base", "base", "--head", "head", "--env", "prod"),
        "did you mean prd?",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_previews(case: str, two: Path, mzaudit: Call) -> None:
    (two / "broken").mkdir()
    (two / "broken" / "x.yaml").write_text("version: 2\n")
    args, words = BAD[case]
    outcome = mzaudit("preview", *args)
    assert outcome.code == 2, outcome
    assert words in outcome.err
    assert outcome.out == ""
