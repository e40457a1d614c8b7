"""The HTML report: one self-contained file without network requests, for screen and paper.

It has no script and loads nothing; its content security policy allows its own style sheet, by its hash, and no more.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from mzaudit.diagram.element_status import links
from mzaudit.diagram.layout import Drawing, lay_out
from mzaudit.engine import gate
from mzaudit.engine.results import Arrow, ElementStatus, Finding, Node, Report, Status, Topology
from mzaudit.policy.enums import counted
from mzaudit.policy.models import Severity
from mzaudit.report.caution import check_first
from mzaudit.report.details import call, changed, holder, waived
from mzaudit.report.details import history as since
from mzaudit.report.escaping import log, plain, shorten
from mzaudit.report.gap_advice import shortener
from mzaudit.report.grouping import (
    Unseen,
    by_rule,
    by_rule_and_note,
    followers,
    link,
    resolved,
    shown,
    unexplained,
    unseen,
    with_status,
    worst_first,
)
from mzaudit.report.requirement_matrix import blamed, matrix
from mzaudit.report.summary import caveats, facts
from mzaudit.report.trend import Point, chart, trend
from mzaudit.snapshot.estate import Read
from mzaudit.snapshot.observed import Gap

_PIECE = 1 << 14
_LIMIT = 2_000  # characters of one text
_DRAWN = 120  # parts of one environment; more are no picture any more
_UNANSWERED = 200
_FURTHER = 500
_COLUMNS, _NAMED = 12, 10  # environments beside each other, and of more, those that are named for one word
_BEFORE, _CHARACTER = 48, 7.25  # pixels that a box needs beside its name, and for each character of it


@dataclass(frozen=True, slots=True)
class DiagramPart:
    """A node or an arrow as words: what it is, its mark, what keeps it from passing, and where its link leads."""

    id: str
    what: str
    mark: ElementStatus
    open: tuple[Finding, ...]
    passed: int
    href: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One environment: the drawing, if it is not too large to be one, and every part in words."""

    env: str
    drawing: Drawing | None
    parts: Mapping[Node | Arrow, DiagramPart]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Findings that wait for one fix; `first` are the fingerprints of those that no earlier group shows."""

    fix: str
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    first: frozenset[str]


def chunks(report: Report, history: Sequence[Point] = ()) -> Iterator[str]:
    """The page, in pieces of whole lines; `history` are earlier runs of the same environments, for the trend."""
    held = ""
    for piece in _template().get_template("report.html").generate(_context(report, history)):
        held += str(piece)  # some pieces are markup, which would escape what is added to it
        if len(held) > _PIECE:
            lines, end, held = held.rpartition("\n")
            yield lines + end
    yield held + "\n"


@cache
def _template() -> Environment:
    folder = files("mzaudit.report") / "templates"
    sources = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "call": call,
        "check_first": check_first,
        "shown": shown,
        "fit": _fit,
        "holder": holder,
        "waived": waived,
        "n": lambda count: f"{count:,}",
    }
    environment.globals |= {"Mark": ElementStatus, "Status": Status, "counted": counted}
    return environment


def _inert(value: object) -> object:
    """What every value of the page goes through before it is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return log(plain(shorten(value, _LIMIT)))


def _fit(name: str, width: float) -> str:
    """The name, without its middle where it is too long for its box."""
    name, room = plain(shorten(name, _LIMIT)), int((width - _BEFORE) / _CHARACTER)
    return name if len(name) <= room else f"{name[: room // 2]}…{name[len(name) - (room - room // 2 - 1) :]}"


def _context(report: Report, history: Sequence[Point]) -> dict[str, object]:
    style = (files("mzaudit.report") / "templates" / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    points = trend(report, history)
    effects = followers(report)
    return {
        "report": report,
        "style": Markup(style),  # our own file, not a text of the report  # noqa: S704
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        "verdict": gate.verdict(report),
        "exit_code": gate.exit_code(report),
        "reason": gate.reason(report),
        "caveats": caveats(report),
        "facts": facts(report),
        "tiles": _tiles(report),
        "pictures": list(_pictures(report)),
        "matrix": matrix(report.requirements, report),
        "known": {requirement.id for requirement in report.requirements},
        "gating": worst_first(gate.breaking(report)),
        "known_before": worst_first(gate.known(report)),
        "below": worst_first(gate.below(report)),
        "resolved": by_rule(resolved(report)).values(),
        "mended": len(resolved(report)),
        "since": lambda finding: [text for _, text in (*since(finding, report), *changed(finding))],
        "followers": lambda finding: by_rule(effects.get(link(finding), ())).values(),
        "waiting": _waiting(report),
        "waived": worst_first(with_status(report, Status.WAIVED)),
        "unexplained": by_rule_and_note(unexplained(report)),
        "passed": by_rule(with_status(report, Status.PASS)).values(),
        "by_rule_and_note": by_rule_and_note,
        "reads": _reads(report.reads),
        "unanswered": [read for read in report.reads if not read.answered],
        "most_unanswered": _UNANSWERED,
        "most_further": _FURTHER,
        "most_columns": _COLUMNS,
        "most_named": _NAMED,
        "points": points,
        "short": shortener(finding.subject.id for finding in report.findings),
        "chart": chart(points),
        "several": len(report.environments) > 1,
    }


def _waiting(report: Report) -> list[Waiting]:
    told: set[str] = set()
    groups = []
    silent = tuple(f for f in with_status(report, Status.INCONCLUSIVE) if not f.gaps)
    unsaid = (Unseen("No reason was recorded.", (), silent),) if silent else ()
    for group in (*unseen(report), *unsaid):
        prints = frozenset(finding.fingerprint for finding in group.findings)
        groups.append(Waiting(group.fix, group.gaps, group.findings, prints - told))
        told |= prints
    return groups


def _tiles(report: Report) -> list[tuple[str, int, str, str, str]]:
    """The counts: icon, number, what of, in other words, and the section that holds them."""
    gating, summary = len(gate.breaking(report)), report.summary
    known, below = len(gate.known(report)), len(gate.below(report))
    by_severity = Counter(finding.severity for finding in gate.breaking(report))
    at = ", ".join(f"{by_severity[one]:,} {one}" for one in Severity if by_severity[one])
    return [
        (
            ElementStatus.VIOLATED,
            gating,
            "violation" if gating == 1 else "violations",
            at or "none at the gate",
            "violations",
        ),
        *([(ElementStatus.VIOLATED, known, "known before", "from the baseline", "known")] if known else []),
        (ElementStatus.VIOLATED, below, "below gate", "does not fail the gate", "below" if below else "violations"),
        (ElementStatus.NOT_SEEN, summary.inconclusive, "not seen", "neither passed nor failed", "inconclusive"),
        (
            ElementStatus.WAIVED,
            summary.waived,
            "waived",
            "accepted until a date",
            "waived" if summary.waived else "run",
        ),
        (ElementStatus.PASSED, summary.passed, "passed", "matches the policy", "passed"),
        ("none", summary.not_applicable, "not asked", "not applicable, or explained", "not-applicable"),
    ]


def _pictures(report: Report) -> Iterator[Picture]:
    by_print = {finding.fingerprint: finding for finding in report.findings}
    causes = links(report.findings)
    nodes: dict[str, dict[str, Node]] = {env: {} for env in report.environments}
    arrows: dict[str, list[Arrow]] = {env: [] for env in report.environments}
    for node in report.topology.nodes:
        nodes.setdefault(node.env, {})[node.id] = node
    for arrow in report.topology.arrows:
        arrows.setdefault(arrow.env, []).append(arrow)
    for number, env in enumerate(report.environments):
        drawn: list[Node | Arrow] = [*nodes[env].values(), *arrows[env]]
        parts: dict[Node | Arrow, DiagramPart] = {}
        for place, part in enumerate(drawn):
            bearing = [by_print[one] for one in part.findings if one in by_print]
            keeping = blamed(bearing, causes)
            own = f"part-{number}-{place}"
            parts[part] = DiagramPart(
                own,
                _said(part, nodes[env]),
                part.mark,
                keeping,
                sum(finding.status is Status.PASS for finding in bearing),
                f"f-{keeping[0].fingerprint}" if len(keeping) == 1 else own,
            )
        fits = 0 < len(drawn) <= _DRAWN
        here = Topology(tuple(nodes[env].values()), tuple(arrows[env]))
        yield Picture(env, lay_out(here, env) if fits else None, parts)


def _said(part: Node | Arrow, nodes: Mapping[str, Node]) -> str:
    if isinstance(part, Node):
        return f"{part.kind} {part.name}"
    source, target = nodes[part.source], nodes[part.target]
    return f"{source.kind} {source.name} {part.label} {target.kind} {target.name}"


def _reads(reads: Sequence[Read]) -> list[tuple[str, int, int, Mapping[str, int]]]:
    """For each permission: how many reads needed it, how many of them were answered, and the outcomes."""
    rows: dict[str, list[Read]] = {}
    for read in reads:
        rows.setdefault(read.permission or "no permission of its own", []).append(read)
    return [
        (permission, len(some), sum(read.answered for read in some), Counter(sorted(read.outcome for read in some)))
        for permission, some in sorted(rows.items())
    ]
