"""JUnit XML: built with junit-xml, then made valid for the Jenkins and the Ant schema, and counted again.

(failures + errors > 0) if and only if a run with this report exits with another code than 0.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from importlib.resources import files
from itertools import islice
from urllib.parse import quote

from junit_xml import TestCase, TestSuite

from mzaudit.engine.gate import exit_code, verdict
from mzaudit.engine.results import Report
from mzaudit.report.escaping import xml
from mzaudit.report.formats.junit_cases import RUN, JUnitCase, JUnitOutcome, Suite, suites
from mzaudit.report.summary import baseline, caveats
from mzaudit.snapshot import clock

_TIME = "0.000"  # a finding has no duration; the attribute is required
_AT_ONCE = 100
_ELEMENTS = {JUnitOutcome.FAILURE: "failure", JUnitOutcome.ERROR: "error", JUnitOutcome.SKIPPED: "skipped"}


def chunks(report: Report) -> Iterator[str]:
    """The document; raises `ValueError` if what was built does not say what the report says (a defect)."""
    made = tuple(suites(report))
    red = sum(suite.outcomes[JUnitOutcome.FAILURE] + suite.outcomes[JUnitOutcome.ERROR] for suite in made)
    if bool(red) != bool(exit_code(report)):
        raise ValueError(f"the JUnit report ({red} red) contradicts the gate ({report.summary.gate})")
    yield f'<?xml version="1.0" encoding="utf-8"?>\n{_style()}\n<testsuites>\n'
    of_the_run = _properties(report)
    for number, suite in enumerate(made):
        # said once: to repeat all environments in each suite grows with their square
        yield from _suite(number, suite, report, of_the_run if suite.name == RUN else {})
    yield "</testsuites>\n"


def _style() -> str:
    """How a browser shows it: as text, at once. Without a style it builds a tree of all elements, which takes many
    times as long. Readers of JUnit ignore a processing instruction."""
    style = (files("mzaudit.report") / "templates" / "junit.css").read_text("utf-8")
    return f'<?xml-stylesheet type="text/css" href="data:text/css,{quote(" ".join(style.split()))}"?>'


def _suite(number: int, suite: Suite, report: Report, run: Mapping[str, str]) -> Iterator[str]:
    opening, closing = _frame(number, suite, report, run)
    yield opening
    written: Counter[JUnitOutcome] = Counter()
    cases = iter(suite.cases)
    while some := tuple(islice(cases, _AT_ONCE)):
        text = _cases(suite.name, some)
        written += _counted(text)
        yield text
    if written != suite.outcomes:
        raise ValueError(f"the JUnit report lost cases of {suite.name}: expected {suite.outcomes}, found {written}")
    yield closing


def _frame(number: int, suite: Suite, report: Report, run: Mapping[str, str]) -> tuple[str, str]:
    """What stands before and behind a suite's cases: the library's element without what the schemas refuse and with
    what they require."""
    started = report.run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    root = ET.Element("testsuites")
    element = TestSuite(suite.name, [], timestamp=started).build_xml_doc()
    root.append(element)
    del element.attrib["disabled"]
    element.attrib |= {
        "errors": str(suite.outcomes[JUnitOutcome.ERROR]),
        "failures": str(suite.outcomes[JUnitOutcome.FAILURE]),
        "skipped": str(suite.outcomes[JUnitOutcome.SKIPPED]),
        "tests": str(suite.outcomes.total()),
        "id": str(number),
        "package": suite.name,
        "hostname": "localhost",
        "time": _TIME,
    }
    properties = ET.SubElement(element, "properties")
    for key, value in run.items():
        ET.SubElement(properties, "property", {"name": key, "value": xml(value)})
    out, _ = ET.SubElement(element, "system-out"), ET.SubElement(element, "system-err")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    inside = text[text.index("  <testsuite ") : text.index("</testsuites>")]
    before, behind = inside.split(f"    <{out.tag}")
    return before, f"    <{out.tag}{behind}"


def _cases(name: str, some: Sequence[JUnitCase]) -> str:
    suite = TestSuite(name, [_test_case(case) for case in some]).build_xml_doc()
    for test in suite:
        test.set("time", _TIME)
        for skipped in test.iter("skipped"):
            del skipped.attrib["type"]
    ET.indent(suite, level=1)
    text = ET.tostring(suite, encoding="unicode")
    return text[text.index("\n") + 1 : text.rindex("\n") + 1]


def _counted(text: str) -> Counter[JUnitOutcome]:
    """What a reader will count in the text of some cases."""
    root = ET.fromstring(f"<testsuite>{text}</testsuite>".encode())  # noqa: S314 - these are the bytes made above
    found = Counter({outcome: len(root.findall(f"testcase/{tag}")) for outcome, tag in _ELEMENTS.items()})
    found[JUnitOutcome.PASSED] = len(root.findall("testcase")) - found.total()
    return found


def _test_case(case: JUnitCase) -> TestCase:
    test = TestCase(case.name, case.classname)
    match case.outcome:
        case JUnitOutcome.PASSED:
            pass
        case JUnitOutcome.FAILURE:
            test.add_failure_info(case.message, case.body, case.type)
        case JUnitOutcome.ERROR:
            test.add_error_info(case.message, case.body, case.type)
        case JUnitOutcome.SKIPPED:
            test.add_skipped_info(case.message, case.body)
    return test


def _properties(report: Report) -> dict[str, str]:
    run = report.run
    compared = {"baseline": baseline(report), "gate": "new" if report.only_new else "all"} if run.baseline else {}
    wrong = {"clock": clock.words(run.skew)} if run.skew else {}
    said = "; ".join(f"{word}: {sentence}" for word, sentence in caveats(report))
    return (
        compared
        | wrong
        | ({"caveats": said} if said else {})
        | {
            "tool": f"{report.tool.name} {report.tool.version}",
            "environments": ", ".join(report.environments),
            "source": run.source,
            "identity": run.identity,
            "policy": run.policy,
            "fail_on": run.fail_on,
            "allow_incomplete": "yes" if run.allow_incomplete else "no",
            "verdict": verdict(report),
        }
    )
