"""A gate for new violations, over the wire: what was known is skipped, and nothing else is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mzaudit.cli import run
from mzaudit.policy.shipped_policy import shipped
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
CHECK = ("check", "--env", "prd", "--snapshot")


ESTATES = ("compliant", "drifted", "blind")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Snapshots of three estates with a report of each, all of one moment, so that only the estate differs."""
    folder = tmp_path_factory.mktemp("nights")
    policy = ("--env", "prd", "--policy", str(shipped()))
    for estate in ESTATES:
        snapshot = folder / f"{estate}.json"
        run(["collect", *policy, "--simulate", estate, "-o", str(snapshot)])
        snapshot.write_text(json.dumps(json.loads(snapshot.read_text()) | {"taken": "2026-11-23T02:30:00Z"}))
        run(["check", *policy, "--snapshot", str(snapshot), "-o", f"json:{folder}/{estate}-report.json"])
    return folder


@pytest.fixture
def nights(seen: Path, folder: Path, mzaudit: Call) -> Path:
    """A folder with the shipped policy, the snapshots and the reports."""
    shutil.copytree(seen, folder, dirs_exist_ok=True)
    assert mzaudit("init", "--example", "monozu").code == 0
    return folder


GATES = {
    "all were known": ("drifted", "drifted", (), 0),
    "all were known, and all break the gate": ("drifted", "drifted", ("--gate", "all"), 1),
    "all are new": ("compliant", "drifted", (), 1),
    "nothing was seen, which no baseline hides": ("blind", "blind", (), 3),
    "nothing was seen, and that is allowed": ("blind", "blind", ("--allow-incomplete",), 0),
    "what could not be seen before is new": ("blind", "drifted", (), 1),
    "all is mended": ("drifted", "compliant", (), 0),
    "what failed cannot be seen": ("drifted", "blind", (), 3),
}


@pytest.mark.parametrize("case", GATES)
def test_gate(case: str, nights: Path, mzaudit: Call) -> None:
    before, now, options, code = GATES[case]
    gate = () if "--gate" in options else ("--gate", "new")
    args = (*CHECK, f"{now}.json", "--baseline", f"{before}-report.json", *gate, *options)
    assert mzaudit(*args, "-o", "junit:r.xml", "-o", "json:r.json").code == code
    root = ElementTree.parse(nights / "r.xml").getroot()
    assert bool(root.findall(".//failure") + root.findall(".//error")) == bool(code)
    assert mzaudit("report", "r.json", "-o", "junit:s.xml").code == 0
    assert (nights / "r.xml").read_bytes() == (nights / "s.xml").read_bytes()


def test_a_failure_that_looks_otherwise_is_new_among_known_ones(nights: Path, mzaudit: Call) -> None:
    report = json.loads((nights / "drifted-report.json").read_text())
    failing = [finding for finding in report["findings"] if finding["status"] == "fail"]
    other = next(finding for finding in failing if finding["severity"] == "critical")
    other["evidence"][0]["observed"] = "something else"
    (nights / "other.json").write_text(json.dumps(report))
    outcome = mzaudit(*CHECK, "drifted.json", "--baseline", "other.json", "--gate", "new", "-o", "json:r.json")
    assert outcome.code == 1
    made = json.loads((nights / "r.json").read_text())
    states = {f["fingerprint"]: f["baseline"]["state"] for f in made["findings"] if f["status"] == "fail"}
    assert [fingerprint for fingerprint, state in states.items() if state == "new"] == [other["fingerprint"]]


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "cut short": (lambda text: text[:-100], "cut short"),
    "a snapshot": (lambda _: "{}", "no schema_version"),
    "of another environment": (
        lambda text: text.replace('"env": [\n      "prd"', '"env": [\n      "stg"'),
        "run.env: expected a baseline",
    ),
    "by another policy": (lambda text: text.replace('"policy": "policies/monozu', '"policy": "mine'), "run.policy"),
    "of a real estate": (lambda text: text.replace('"source": "simulated"', '"source": "azure"'), "run.source"),
    "of tomorrow": (lambda text: text.replace("2026-11-23T02", "2026-11-24T02"), "run.started"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_baseline_of_this_estate(case: str, nights: Path, mzaudit: Call) -> None:
    mutate, words = BROKEN[case]
    (nights / "b.json").write_text(mutate((nights / "drifted-report.json").read_text()))
    outcome = mzaudit(*CHECK, "drifted.json", "--baseline", "b.json", "-o", "json:r.json")
    assert outcome.code == 2
    assert outcome.err.startswith("mzaudit: b.json: ")
    assert words in outcome.err
    assert not (nights / "r.json").exists()


def test_a_clock_that_was_slow_makes_no_baseline_a_later_one(nights: Path, mzaudit: Call) -> None:
    """Tonight's machine is two days slow; what it compared with, and since when a failure is known, is Azure's time."""
    slow = json.loads((nights / "drifted.json").read_text()) | {"taken": "2026-11-22T02:30:00Z", "skew": 2 * 24 * 60}
    (nights / "slow.json").write_text(json.dumps(slow))
    first = (*CHECK, "slow.json", "--baseline", "drifted-report.json", "--gate", "new", "-o", "json:r.json")
    assert mzaudit(*first).code == 3  # what rests on the time is not known
    made = json.loads((nights / "r.json").read_text())
    assert made["run"]["baseline"]["started"] == "2026-11-23T02:30:00Z"
    again = mzaudit(*CHECK, "slow.json", "--baseline", "r.json", "--gate", "new", "-o", "json:s.json")
    assert again.code == 3, again.err
    seen = {
        f["baseline"]["first_seen"] for f in json.loads((nights / "s.json").read_text())["findings"] if f["baseline"]
    }
    assert seen == {"2026-11-23T02:30:00Z", "2026-11-24T02:30:00Z"}
