"""What a pull request or a ticket is told: a text that fits, whether it is good news, and which run says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mzaudit import exit_codes
from mzaudit.engine import change_attribution
from mzaudit.engine.gate import exit_code, reason, verdict
from mzaudit.engine.results import Finding, Gate, Report
from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.pipeline import AzureDevOps, Build, GitHub, Place
from mzaudit.publish.sticky_comment import CommentState, Signal
from mzaudit.report.dialect import AZURE_PULL_REQUEST, GITHUB, Dialect
from mzaudit.report.escaping import code, plain
from mzaudit.report.formats import markdown
from mzaudit.report.summary import caveats

_DIALECT = {GitHub: GITHUB, AzureDevOps: AZURE_PULL_REQUEST}
_LEFT_OUT = "(left out of comments)"
_LONGEST_SENTENCE = 140  # of a status on GitHub
_NO_VERDICT = "NOT JUDGED"
_ENDED = "the run ended before it could judge; its log says why"
_UNJUDGED = f"""# mzaudit: {_NO_VERDICT} (exit {exit_codes.ABANDONED})

The run ended before it could judge, and made no report: its log says why. What an earlier run wrote here says nothing
about the present state.
"""


@dataclass(frozen=True, slots=True)
class GateMessage:
    """What there is to tell of a gate: `kind` is empty for a check, else the command's name; `policy` are its files;
    `text` draws Markdown in a dialect, in at most so much of what that counts; `code` is what the command exits with;
    `sentence` is the status; `gate` is what a check came to, none where it came to nothing."""

    kind: str
    environments: tuple[str, ...]
    policy: str
    text: Callable[[Dialect, int], str]
    code: int
    sentence: str
    gate: Gate | None = None


def of(report: Report) -> GateMessage:
    """What a report says."""
    words = "".join(f"{word}: " for word in dict.fromkeys(word for word, _ in caveats(report)))
    return GateMessage(
        "",
        report.environments,
        report.run.policy,
        lambda dialect, budget: "".join(markdown.chunks(report, dialect=dialect, budget=budget)),
        exit_code(report),
        f"{words}{verdict(report)}: {reason(report)}",
        report.summary.gate,
    )


def unjudged(environments: tuple[str, ...], policy: str) -> GateMessage:
    """What there is to tell of a run that made no report: that nothing said before holds any longer."""
    return GateMessage("", environments, policy, lambda *_: _UNJUDGED, exit_codes.ABANDONED, f"{_NO_VERDICT}: {_ENDED}")


def comment_state(news: GateMessage, mark: Marker, place: Place) -> CommentState:
    """The comment; there is something to be done while the gate is not passed."""
    top = f"{mark.line(place.build.number)}\n\n{code(mark.label)}\n\n"  # several gates comment on one pull request
    end = f"\n---\n\n{written_by(place.build)}\n"
    dialect = _DIALECT[type(place)]
    room = dialect.budget - dialect.size(top + end)
    return CommentState(top + news.text(dialect, room) + end, news.code != 0)


def signal(news: GateMessage, mark: Marker, place: Place) -> Signal:
    """The status."""
    sentence = plain(news.sentence)
    if len(sentence) > _LONGEST_SENTENCE:
        sentence = f"{sentence[: _LONGEST_SENTENCE - 1]}…"
    return Signal(news.code, plain(mark.label), sentence, place.build.link)


def without_names(report: Report) -> Report:
    """The report without who read the state, who answers for a waiver and which person changed a resource: a pull
    request is read by more people than a pipeline's artifacts, and its mails cannot be taken back. What the policy
    calls people stays: whoever reads the repository knows it."""
    return replace(
        report,
        run=replace(report.run, identity=_LEFT_OUT),
        findings=tuple(_nameless(finding) for finding in report.findings),
    )


def _nameless(finding: Finding) -> Finding:
    waiver, changed = finding.waiver, finding.attribution
    if waiver is not None:
        waiver = replace(waiver, owner="its owner")
    if changed is not None:
        first, *others = (replace(one, by=change_attribution.nameless(one.by)) for one in changed.each)
        changed = replace(first, others=tuple(others))
    return replace(finding, waiver=waiver, attribution=changed)


def written_by(build: Build, link: str = "") -> str:
    """Markdown that names the run, by its own link where none is given."""
    of_commit = f" of commit {build.commit}" if build.commit else ""
    return (
        f"Written by [run {build.number}]({link or build.link}){of_commit}; it replaces what an earlier run wrote here."
    )
