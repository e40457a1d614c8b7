"""How the counts went over past reports of the same environments, and the little chart of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mzaudit.engine.gate import breaking
from mzaudit.engine.results import Report

LONGEST = 60  # points; of more, the latest

_HEIGHT, _BAR, _AIR = 120, 14, 6


@dataclass(frozen=True, slots=True)
class Point:
    """One run's counts: violations that broke the gate, those that did not, and what was not seen."""

    started: datetime
    gate: str
    gating: int
    below: int
    inconclusive: int
    waived: int
    passed: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A run as a column of stacked parts; each part is (what, top, height)."""

    point: Point
    x: float
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The runs from left to right; `most` is what the highest line stands for."""

    width: float
    height: float
    bar: float
    most: int
    bars: tuple[Bar, ...]


def point(report: Report) -> Point:
    """The counts of one report."""
    gating = len(breaking(report))
    summary = report.summary
    below = summary.failed - gating
    return Point(report.run.started, summary.gate, gating, below, summary.inconclusive, summary.waived, summary.passed)


def trend(report: Report, earlier: Iterable[Point]) -> tuple[Point, ...]:
    """The earlier runs and this one, oldest first, one for each time."""
    points = {one.started: one for one in earlier if one.started < report.run.started}
    points[report.run.started] = point(report)
    return tuple(points[started] for started in sorted(points))[-LONGEST:]


def chart(points: Sequence[Point]) -> Chart:
    """One column a run: what broke the gate at the foot, then what lay below it, then what was not seen."""
    most = max([1, *(one.gating + one.below + one.inconclusive for one in points)])
    bars = []
    for place, one in enumerate(points):
        top = float(_HEIGHT)
        parts = []
        for what, count in (("gating", one.gating), ("below", one.below), ("inconclusive", one.inconclusive)):
            height = round(count / most * _HEIGHT, 1)
            top -= height
            if count:
                parts.append((what, round(top, 1), height))
        bars.append(Bar(one, place * (_BAR + _AIR), tuple(parts)))
    return Chart(len(points) * (_BAR + _AIR) - _AIR, _HEIGHT, _BAR, most, tuple(bars))
