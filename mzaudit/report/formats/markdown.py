"""The Markdown report: failures first, no larger than its place takes, nothing in it alive.

What does not fit is left out in whole findings from the least severe end; the counts always stay and say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mzaudit.engine.gate import below, breaking, exit_code, known, reason, verdict
from mzaudit.engine.results import Cause, Finding, FurtherAccess, Report, Status
from mzaudit.engine.verdict import Evidence
from mzaudit.policy.enums import counted
from mzaudit.report.details import asked_by, call, changed, fresh, history, holder, mending, why
from mzaudit.report.dialect import AZURE_PULL_REQUEST, AZURE_SUMMARY, GITHUB, Dialect
from mzaudit.report.escaping import prose
from mzaudit.report.formats.mermaid import flowchart
from mzaudit.report.gap_advice import shortener
from mzaudit.report.grouping import (
    batches,
    by_rule,
    by_rule_and_note,
    followers,
    link,
    resolved,
    shown,
    subject,
    unexplained,
    unseen,
    with_status,
    worst_first,
)
from mzaudit.report.size_budget import Block, Section, fill
from mzaudit.report.summary import COLUMNS, areas, caveats, facts, totals
from mzaudit.snapshot.observed import Gap

_FACTS = 20
_LISTED = 20
_AREAS = 100  # rows of the table of counts
_PICTURE = 15_000  # a larger one crowds the findings out, and GitHub draws at most 500 arrows


def chunks(report: Report, *, dialect: Dialect = GITHUB, budget: int | None = None) -> Iterator[str]:
    """The report in at most `budget` of what its dialect counts: by default what the place takes."""
    page = _Page(report, dialect)
    limit = dialect.budget if budget is None else budget
    yield fill("\n".join(page.head()), page.sections(), limit, size=dialect.size, html=dialect.html)


def azure_pull_request(report: Report) -> Iterator[str]:
    """For a comment on a pull request in Azure DevOps."""
    return chunks(report, dialect=AZURE_PULL_REQUEST)


def azure_summary(report: Report) -> Iterator[str]:
    """For the summary tab of a run in Azure Pipelines."""
    return chunks(report, dialect=AZURE_SUMMARY)


class _Page:
    """One report in one dialect."""

    def __init__(self, report: Report, dialect: Dialect) -> None:
        self._report = report
        self._dialect = dialect
        self._effects: Mapping[tuple[str, Cause], tuple[Finding, ...]] = followers(report)
        self._short = shortener(finding.subject.id for finding in report.findings)

    def head(self) -> Iterator[str]:
        """What stays whatever the budget: the verdict, the run, the counts, and the picture if it is small."""
        report = self._report
        yield f"# mzaudit: {verdict(report)} (exit {exit_code(report)})"
        yield f"\n{_sentence(reason(report))}\n"
        for word, said in caveats(report):
            yield f"**{word}**: {self._prose(said)}\n"
        if self._dialect.html:
            yield "| run | |\n| --- | --- |"
            yield from (f"| {label} | {self._prose(text)} |" for label, text in facts(report).items())
        else:
            yield from (f"- {label}: {self._prose(text)}" for label, text in facts(report).items())
        yield f"\n| area | {' | '.join(COLUMNS.values())} |\n| --- |{' ---: |' * len(COLUMNS)}"
        shown = areas(report)
        if len(shown) > _AREAS:  # of hundreds of environments: the findings need the place
            shown = areas(replace(report, run=replace(report.run, env=report.environments[:1])))
        for area, counts in shown.items():
            name = self._prose(area).replace("|", "\\|")
            yield f"| {name} | {' | '.join(f'{counts.get(status, 0):,}' for status in COLUMNS)} |"
        yield f"| all | {' | '.join(f'{totals(report)[status]:,}' for status in COLUMNS)} |"
        picture = "\n".join(flowchart(report.topology))
        if self._dialect.mermaid and report.topology.nodes and len(picture) <= _PICTURE:
            yield f"\n<details>\n<summary>Picture of the estate</summary>\n\n```mermaid\n{picture}\n```\n\n</details>"

    def sections(self) -> Iterator[Section]:
        """The findings, the most urgent first."""
        report = self._report
        failing = (
            ("Violations", breaking(report)),
            ("Known from the baseline", known(report)),
            ("Below the gate", below(report)),
        )
        for title, findings in failing:
            yield Section(title, len(findings), self._failures(findings))
        yield Section("Inconclusive", report.summary.inconclusive, self._inconclusive())
        waived = with_status(report, Status.WAIVED)
        yield Section("Waived", len(waived), self._waived(waived))
        warnings = report.run.warnings
        yield Section("Warnings", len(warnings), (Block(f"- {self._prose(text)}", 0) for text in warnings))
        mended = resolved(report)
        yield Section("Resolved since the baseline", len(mended), self._passed(mended))
        further = report.further_access
        if further is not None and further.assignments:
            yield Section("Further role assignments", len(further.assignments), self._further(further), True)
        elif further is not None:
            unread = (Block(f"- {self._call(gap)}", 0) for gap in further.gaps)
            yield Section("Role assignments not read", len(further.gaps), unread, True)
        rest = unexplained(report)
        yield Section("Not applicable", len(rest), self._not_applicable(rest), True)
        passed = tuple(f for f in with_status(report, Status.PASS) if f.baseline is None)
        yield Section("Passed", len(passed), self._passed(passed), True)

    def _failures(self, findings: Iterable[Finding]) -> Iterator[Block]:
        for finding in worst_first(findings):
            yield self._failure(finding)
            yield from self._followers(finding)

    def _failure(self, finding: Finding) -> Block:
        """The finding in full, and its title alone where that does not fit."""
        title = f"{finding.severity.upper()} {self._code(finding.rule)} {self._prose(finding.title)}"
        about = self._code(subject(finding, self._report))
        lines = ["", f"### {title}", "", about, ""]
        told = (*why(finding), *history(finding, self._report), *changed(finding))
        lines += [f"- {self._said(label, text)}" for label, text in told]
        lines += self._evidence(finding.evidence[:_FACTS])
        hidden = len(finding.evidence) - _FACTS
        lines += ["", f"{counted(hidden, 'fact')} more in the JSON report."] if hidden > 0 else []
        lines += ["", *(f"- {self._said(label, text)}" for label, text in (*asked_by(finding), *mending(finding)))]
        return Block("\n".join(lines) + "\n", 1, f"- {title}: {about}")

    def _evidence(self, facts: Sequence[Evidence]) -> Iterator[str]:
        if facts and self._dialect.html:
            yield from ("", "| at | expected | observed |", "| --- | --- | --- |")
        for fact in facts:
            at, expected = self._code(self._short(fact.at)), self._code(shown(fact.expected))
            observed = self._code(shown(fact.observed)) + (f" {self._prose(fact.note)}" if fact.note else "")
            if self._dialect.html:
                yield f"| {at} | {expected} | {observed} |"
            else:
                yield f"- at {at}: expected {expected}, observed {observed}"

    def _followers(self, finding: Finding) -> Iterator[Block]:
        for group in by_rule(self._effects.get(link(finding), ())).values():
            yield from self._listed(f"follows from it: {self._rule(group[0])}", group)

    def _inconclusive(self) -> Iterator[Block]:
        told: set[Finding] = set()
        for group in unseen(self._report):
            calls = [f"  - {self._call(gap)}" for gap in group.gaps[:_LISTED]]
            hidden = len(group.gaps) - _LISTED
            calls += [f"  - {counted(hidden, 'call')} more in the JSON report."] if hidden > 0 else []
            many = f"{counted(len(group.findings), 'finding')}{fresh(group.findings)}"
            yield Block("\n".join((f"- {many} waiting for: {self._prose(self._short(group.fix))}", *calls)), 0)
            for findings in by_rule_and_note(group.findings):
                for some in batches(findings, _LISTED):
                    said = f" {self._prose(some[0].note)}" if some[0].note else ""
                    yield Block(f"  - {self._rule(some[0])}: {self._names(some)}{said}", len(set(some) - told))
                    told.update(some)
        silent = [finding for finding in with_status(self._report, Status.INCONCLUSIVE) if not finding.gaps]
        for findings in by_rule(silent).values():
            yield from self._listed(f"no reason was recorded: {self._rule(findings[0])}", findings)

    def _waived(self, findings: Iterable[Finding]) -> Iterator[Block]:
        for finding in worst_first(findings):
            name = self._code(subject(finding, self._report))
            title = f"- {finding.severity.upper()} {self._rule(finding)} {name}"
            told = (*why(finding), *history(finding, self._report))
            yield Block("\n".join((title, *(f"  - {self._said(*one)}" for one in told))), 1, title)
            yield from self._followers(finding)

    def _further(self, access: FurtherAccess) -> Iterator[Block]:
        if self._dialect.html:
            yield Block("| who | role | on |\n| --- | --- | --- |", 0)
        for one in access.assignments:
            role = one.role + (", under a condition" if one.conditional else "")
            cells = [self._code(text) for text in (holder(one), role, self._short(one.scope))]
            row = f"| {' | '.join(cells)} |" if self._dialect.html else f"- {cells[0]}: {cells[1]} on {cells[2]}"
            yield Block(row, 1)
        for gap in access.gaps[:1]:
            yield Block(f"\nNot all of it was seen: {self._call(gap)}", 0)

    def _call(self, gap: Gap) -> str:
        return self._code(self._short(call(gap)))

    def _not_applicable(self, findings: Iterable[Finding]) -> Iterator[Block]:
        for members in by_rule_and_note(findings):
            because = ": ".join(filter(None, (str(members[0].cause or ""), members[0].note)))
            yield from self._listed(f"{self._rule(members[0])} {self._prose(because.removesuffix('.'))}", members)

    def _passed(self, findings: Iterable[Finding]) -> Iterator[Block]:
        for group in by_rule(findings).values():
            yield from self._listed(self._rule(group[0]), group)

    def _listed(self, title: str, findings: Sequence[Finding]) -> Iterator[Block]:
        for some in batches(findings, _LISTED):
            yield Block(f"- {title}: {self._names(some)}", len(some))

    def _names(self, findings: Iterable[Finding]) -> str:
        return ", ".join(self._code(subject(finding, self._report)) for finding in findings)

    def _rule(self, finding: Finding) -> str:
        return f"{self._code(finding.rule)} {self._code(finding.slug)}"

    def _said(self, label: str, text: str) -> str:
        return self._code(text, 2_000) if label == "run" else f"{label or 'what'}: {self._prose(self._short(text))}"

    def _code(self, text: str, limit: int = 500) -> str:
        return self._dialect.code(text, limit)

    def _prose(self, text: str) -> str:
        return prose(text, code=self._dialect.code)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
