"""SARIF 2.1.0: the whole run for viewers and archives, or what a code scanning service is to raise as alerts.

Code scanning (GitHub, Azure DevOps Advanced Security) raises an alert for every result, whatever its `kind`, and closes
those that a later run leaves out. So `alerts` holds violations and what could not be seen: no alert is raised for a
pass, and none is closed because nobody could look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mzaudit.engine.gate import evaluated, exit_code, reason, verdict
from mzaudit.engine.results import Finding, Report, Status
from mzaudit.policy.enums import counted
from mzaudit.report.details import call
from mzaudit.report.escaping import sarif
from mzaudit.report.formats.sarif_automation import AzurePipelineRun, automation_details
from mzaudit.report.formats.sarif_result import ROOT, result
from mzaudit.report.formats.sarif_rules import descriptors
from mzaudit.report.gap_advice import advice
from mzaudit.report.grouping import with_status, worst_first
from mzaudit.report.json_text import members
from mzaudit.report.summary import baseline, caveats, utc
from mzaudit.snapshot.observed import Gap

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# GitHub refuses a run of more than 25,000 results and shows 5,000; Azure DevOps takes 5,000.
_ALERTS = 5_000


def chunks(report: Report, pipeline: AzurePipelineRun | None = None) -> Iterator[str]:
    """A log of one run with a result for every finding, in the report's order; `pipeline` is what publishes it."""
    return _log(report, report.findings, 0, pipeline)


def alerts(report: Report, pipeline: AzurePipelineRun | None = None) -> Iterator[str]:
    """A log of one run with the violations that nobody waived and what could not be seen, the worst first and of one
    severity the violations; at most 5,000, and a notification says how many were left out."""
    shown = worst_first((*with_status(report, Status.FAIL), *with_status(report, Status.INCONCLUSIVE)))
    return _log(report, shown[:_ALERTS], len(shown[_ALERTS:]), pipeline)


def _log(
    report: Report, findings: Sequence[Finding], left_out: int, pipeline: AzurePipelineRun | None
) -> Iterator[str]:
    rules = descriptors(report)
    numbers = {str(rule["id"]): number for number, rule in enumerate(rules)}
    run: dict[str, object] = {
        "tool": {
            "driver": {
                "name": report.tool.name,
                "fullName": f"{report.tool.name} {report.tool.version}",
                "version": report.tool.version,
                "rules": rules,
                "notifications": [_kind_of_notice(name, text) for name, text in _NOTICES.items()],
            }
        },
        "automationDetails": automation_details(report, pipeline),
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository that holds the policy."}}},
        "invocations": [_invocation(report, left_out)],
        "results": [],
        "properties": {
            "gate": report.summary.gate,
            "verdict": verdict(report),
            "reason": reason(report),
            "caveats": [f"{word}: {said}" for word, said in caveats(report)],
            "source": report.run.source,
            "identity": report.run.identity,
            "policy": report.run.policy,
            "failOn": report.run.fail_on,
            "baseline": baseline(report),
        },
    }
    yield f'{{\n  "$schema": "{_SCHEMA}",\n  "version": "2.1.0",\n  "runs": [\n'
    yield from members(run, {"results": (result(finding, numbers, report) for finding in findings)}, depth=2)
    yield "  ]\n}\n"


_NOTICES = {
    "unseen": "A call gave no answer, so that findings are inconclusive.",
    "nothing-evaluated": "Nothing was evaluated.",
    "left-out": "More findings than a code scanning service takes.",
    "warning": "Something about the run itself, such as a waiver that covers nothing.",
}


def _invocation(report: Report, left_out: int) -> dict[str, object]:
    """How the run went. Successful is only one that saw everything: consumers take others for incomplete."""
    gaps = dict.fromkeys(gap for finding in report.findings for gap in finding.gaps)
    notices = [_gap(gap) for gap in gaps]
    if not evaluated(report):
        notices.append(_notice("nothing-evaluated", "error", "Nothing was evaluated."))
    if left_out:
        said = f"{counted(left_out, 'finding')} more did not fit; the JSON report holds them all."
        notices.append(_notice("left-out", "warning", said))
    code = exit_code(report)
    return {
        "executionSuccessful": report.run.complete and evaluated(report),
        "exitCode": code,
        "exitCodeDescription": reason(report),
        "startTimeUtc": utc(report.run.started),
        "toolExecutionNotifications": notices,
        "toolConfigurationNotifications": [_notice("warning", "warning", text) for text in report.run.warnings],
    }


def _gap(gap: Gap) -> dict[str, object]:
    return _notice("unseen", "error", f"{call(gap)}. {advice(gap)}")


def _kind_of_notice(name: str, text: str) -> dict[str, object]:
    """A notification's descriptor with all that GitHub's and Azure DevOps' services ask of one."""
    said = {"text": text}
    pascal = "".join(word.capitalize() for word in name.split("-"))
    return {"id": name, "name": f"{pascal}Notice", "shortDescription": said, "fullDescription": said, "help": said}


def _notice(name: str, level: str, text: str) -> dict[str, object]:
    number = list(_NOTICES).index(name)
    return {"descriptor": {"id": name, "index": number}, "level": level, "message": {"text": sarif(text)}}
