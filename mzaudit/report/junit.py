"""JUnit XML: built with junit-xml, then made valid for the Jenkins and the Ant schema, and counted again.

(failures + errors > 0) if and only if a run with this report exits with another code than 0.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from datetime import UTC

from junit_xml import TestCase, TestSuite

from mzaudit.audit.results import Report
from mzaudit.report.cases import Case, Outcome, cases
from mzaudit.report.gate import exit_code, verdict
from mzaudit.report.neutral import xml

_TIME = "0.000"  # a finding has no duration; the attribute is required


def render(report: Report) -> str:
    """The document; raises `ValueError` if what was built does not say what the report says (a defect)."""
    made = cases(report)
    by_suite: dict[str, list[Case]] = {}
    for case in made:
        by_suite.setdefault(case.suite, []).append(case)
    root = ET.Element("testsuites")
    for number, (name, members) in enumerate(by_suite.items()):
        root.append(_suite(number, name, members, report))
    ET.indent(root)
    text = '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
    _check(text, made, report)
    return text


def _suite(number: int, name: str, members: Iterable[Case], report: Report) -> ET.Element:
    started = report.run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = TestSuite(name, [_test_case(case) for case in members], timestamp=started)
    return _valid(suite.build_xml_doc(), number, name, report)


def _test_case(case: Case) -> TestCase:
    test = TestCase(case.name, case.classname)
    match case.outcome:
        case Outcome.PASSED:
            pass
        case Outcome.FAILURE:
            test.add_failure_info(case.message, case.body, case.type)
        case Outcome.ERROR:
            test.add_error_info(case.message, case.body, case.type)
        case Outcome.SKIPPED:
            test.add_skipped_info(case.message, case.body)
    return test


def _valid(suite: ET.Element, number: int, name: str, report: Report) -> ET.Element:
    """The library's element without what the schemas refuse and with what they require."""
    del suite.attrib["disabled"]
    suite.attrib.update({"id": str(number), "package": name, "hostname": "localhost", "time": _TIME})
    for test in suite:
        test.set("time", _TIME)
        for skipped in test.iter("skipped"):
            del skipped.attrib["type"]
    properties = ET.Element("properties")
    for key, value in _properties(report).items():
        ET.SubElement(properties, "property", {"name": key, "value": xml(value)})
    suite.insert(0, properties)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _properties(report: Report) -> dict[str, str]:
    run = report.run
    return {
        "tool": f"{report.tool.name} {report.tool.version}",
        "environments": ", ".join(report.environments),
        "source": run.source,
        "identity": run.identity,
        "policy": run.policy,
        "fail_on": run.fail_on,
        "allow_incomplete": "yes" if run.allow_incomplete else "no",
        "verdict": verdict(report),
    }


def _check(text: str, made: Iterable[Case], report: Report) -> None:
    root = ET.fromstring(text.encode("utf-8"))  # noqa: S314 - these are the bytes made above
    wanted = Counter(case.outcome for case in made)
    total = {key: sum(int(suite.attrib[key]) for suite in root) for key in ("tests", "failures", "errors", "skipped")}
    found = {
        "tests": len(root.findall("*/testcase")),
        "failures": len(root.findall("*/testcase/failure")),
        "errors": len(root.findall("*/testcase/error")),
        "skipped": len(root.findall("*/testcase/skipped")),
    }
    expected = {
        "tests": wanted.total(),
        "failures": wanted[Outcome.FAILURE],
        "errors": wanted[Outcome.ERROR],
        "skipped": wanted[Outcome.SKIPPED],
    }
    if not total == found == expected:
        raise ValueError(f"the JUnit report lost cases: expected {expected}, found {found}, counted {total}")
    if bool(found["failures"] + found["errors"]) != bool(exit_code(report)):
        raise ValueError(f"the JUnit report ({found}) contradicts the gate ({report.summary.gate})")
