"""What each format says of the gate and of the findings, read back out of its text."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mzaudit.engine.gate import below, evaluated, exit_code, verdict
from mzaudit.engine.results import Report, Status, Summary
from mzaudit.report import FORMATS

ORDER = (Status.PASS, Status.FAIL, Status.INCONCLUSIVE, Status.WAIVED, Status.NOT_APPLICABLE)  # of the tables


@dataclass(frozen=True)
class Said:
    """`gate` is a format's word for the outcome: the verdict, the exit code, or both. `counts` are the findings of each
    status; one that is missing is not told of."""

    gate: object
    counts: Mapping[Status, int]


def differences(report: Report, texts: Mapping[str, str]) -> list[str]:
    """Where a format says another thing than the report is."""
    found = []
    counts = _counted(finding.status for finding in report.findings)
    assert counts == _of_summary(report.summary)
    for name, text in texts.items():
        said, gate = READ[name](text), GATE[name](report)
        if said.gate != gate:
            found.append(f"{name} says {said.gate}, not {gate}")
        told = {status: counts[status] for status in said.counts}
        if said.counts != told:
            found.append(f"{name} counts {dict(said.counts)}, not {told}")
    return found


def _counted(statuses: Iterable[str]) -> dict[Status, int]:
    counter = Counter(statuses)
    return {status: counter[status] for status in Status}


def _of_summary(summary: Summary) -> dict[Status, int]:
    numbers = (summary.passed, summary.failed, summary.inconclusive, summary.waived, summary.not_applicable)
    return dict(zip(ORDER, numbers, strict=True))


def _json(text: str) -> Said:
    said = json.loads(text)
    counts = _counted(finding["status"] for finding in said["findings"])
    assert counts == {status: said["summary"][status.replace("-", "_")] for status in Status}
    return Said(said["summary"]["gate"], counts)


def _jsonl(text: str) -> Said:
    head, *findings = map(json.loads, text.splitlines())
    return Said(head["summary"]["gate"], _counted(finding["status"] for finding in findings))


def _junit(text: str) -> Said:
    root = ET.fromstring(text)
    sentinel = [suite for suite in root if suite.attrib["name"].startswith("mzaudit.run")]
    cases = [case for suite in root if suite not in sentinel for case in suite.iter("testcase")]
    red = sum(int(suite.attrib["failures"]) + int(suite.attrib["errors"]) for suite in root)
    assert red == len(root.findall("*/testcase/failure")) + len(root.findall("*/testcase/error"))
    counts = {Status.INCONCLUSIVE: sum(case.find("error") is not None for case in cases)}
    return Said(("red" if red else "green"), counts)


def _sarif(text: str) -> Said:
    (run,) = json.loads(text)["runs"]
    (ended,) = run["invocations"]
    kinds = {"pass": Status.PASS, "open": Status.INCONCLUSIVE, "notApplicable": Status.NOT_APPLICABLE}
    for result in run["results"]:
        assert kinds.get(result["kind"], result["properties"]["status"]) == result["properties"]["status"]
    gate = (run["properties"]["verdict"], ended["exitCode"], ended["executionSuccessful"])
    return Said(gate, _counted(result["properties"]["status"] for result in run["results"]))


def _alerts(text: str) -> Said:
    said = _sarif(text)
    return Said(said.gate, {status: said.counts[status] for status in (Status.FAIL, Status.INCONCLUSIVE)})


def _csv(text: str) -> Said:
    rows = list(csv.DictReader(io.StringIO(text)))
    (gate,) = {(row["verdict"]) for row in rows}
    return Said((gate, any(row["breaks_gate"] == "yes" for row in rows)), _counted(row["status"] for row in rows))


def _ocsf(text: str) -> Said:
    events: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    words = {"Pass": "pass", "Fail": "fail", "Warning": "inconclusive", "Not applicable": "not-applicable"}
    for event in events:
        assert words.get(event["compliance"]["status"]) in (event["unmapped"]["status"], None)
    (gate,) = {event["unmapped"]["verdict"] for event in events}
    red = any(event["unmapped"]["breaks_gate"] for event in events)
    return Said((gate, red), _counted(event["unmapped"]["status"] for event in events))


def _head(text: str) -> tuple[str, int]:
    found = re.match(r"# mzaudit: (.+) \(exit (\d)\)\n", text)
    assert found is not None, text[:80]
    return found[1], int(found[2])


def _markdown(text: str) -> Said:
    (numbers,) = re.findall(r"^\| all \|(.+)\|$", text, re.MULTILINE)
    return Said(_head(text), dict(zip(ORDER, map(int, numbers.replace(",", "").split("|")), strict=True)))


def _terminal(text: str) -> Said:
    *_, last = text.rstrip().splitlines()
    found = re.search(r"\(exit (\d)\)$", last)
    (numbers,) = re.findall(r"^all ([ \d,]+)$", text, re.MULTILINE)
    words = [word for word in ("GATE PASSED", "GATE FAILED", "INCOMPLETE") if re.search(rf"^{word}\b", text, re.M)]
    assert found is not None, last
    return Said((*words, int(found[1])), dict(zip(ORDER, map(int, numbers.replace(",", "").split()), strict=True)))


def _html(text: str) -> Said:
    (title,) = re.findall(r"<title>([^:<]+): [^<]+ · mzaudit</title>", text)
    (gate,) = re.findall(r'<header class="gate gate-(\w+)">', text)
    (code,) = re.findall(r"Exit code (\d)\.</p>", text)
    shown = dict(re.findall(r'<h2 id="([\w-]+)-title">[^<]+<span class="count">([\d,]+)</span>', text))
    parts = {"inconclusive": Status.INCONCLUSIVE, "passed": Status.PASS}
    counts = {status: int(shown.get(part, "0").replace(",", "")) for part, status in parts.items()}
    return Said((title, gate, int(code)), counts)


def _fix(text: str) -> Said:
    (count,) = re.findall(r"^# ([\d,]+) violations?(?::|$)", text, re.MULTILINE)
    return Said("", {Status.FAIL: int(count.replace(",", ""))})


READ: Mapping[str, Callable[[str], Said]] = {
    "json": _json,
    "jsonl": _jsonl,
    "junit": _junit,
    "sarif": _sarif,
    "sarif-alerts": _alerts,
    "csv": _csv,
    "ocsf": _ocsf,
    "markdown": _markdown,
    "markdown-ado": _markdown,
    "markdown-summary": _markdown,
    "terminal": _terminal,
    "html": _html,
    "fix": _fix,
}
assert READ.keys() == FORMATS.keys(), "a format that nobody reads back"


def _breaks(report: Report) -> bool:
    """Whether a finding breaks the gate; nothing evaluated breaks it too, without one."""
    low = len(below(report))
    return bool(report.summary.inconclusive) or report.summary.failed > low


def _verdict_and_code(report: Report) -> tuple[str, int]:
    return verdict(report), exit_code(report)


GATE: Mapping[str, Callable[[Report], object]] = {
    "json": lambda report: report.summary.gate,
    "jsonl": lambda report: report.summary.gate,
    "junit": lambda report: "red" if exit_code(report) else "green",
    "sarif": lambda report: (*_verdict_and_code(report), report.run.complete and evaluated(report)),
    "sarif-alerts": lambda report: (*_verdict_and_code(report), report.run.complete and evaluated(report)),
    "csv": lambda report: (verdict(report), _breaks(report)),
    "ocsf": lambda report: (verdict(report), _breaks(report)),
    "markdown": _verdict_and_code,
    "markdown-ado": _verdict_and_code,
    "markdown-summary": _verdict_and_code,
    "terminal": _verdict_and_code,
    "html": lambda report: (verdict(report), report.summary.gate, exit_code(report)),
    "fix": lambda report: "",
}
