"""Where the parts of the picture stand: columns by kind, arrows as curves between them. Pure geometry, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from mzaudit.engine.results import Arrow, Node, NodeKind, Topology

WIDTH, HEIGHT = 218, 56
_GUTTER = 104
_GAP = 20
_TOP = 44  # below the columns' titles
_MARGIN = 12
_HEADER = 60  # of a box that holds others: its own name and mark
_PADDING = 12
_STEP = 19  # between two arrows at one side of a node: their signs do not touch
_STRAIGHT = 34  # an arrow leaves its node straight for as long as its sign needs
_TIP = 10
_LANE = 14

_COLUMNS: tuple[tuple[str, tuple[NodeKind, ...]], ...] = (
    ("Platform", (NodeKind.PLAN, NodeKind.REGISTRY, NodeKind.TELEMETRY)),
    ("Apps", (NodeKind.APP,)),
    ("Identities", (NodeKind.IDENTITY, NodeKind.PRINCIPAL)),
    ("Data", (NodeKind.VAULT, NodeKind.BLOBS, NodeKind.SERVER, NodeKind.DATABASE, NodeKind.RESOURCE)),
    ("Not documented", (NodeKind.STRANGER,)),
)


@dataclass(frozen=True, slots=True)
class Box:
    """A node and its rectangle; `column` counts from the left, `label` is the height of its name's middle,
    `holds` whether others stand inside it."""

    node: Node
    column: int
    x: float
    y: float
    width: float
    height: float
    label: float
    holds: bool

    @property
    def middle(self) -> float:
        """Its centre's height."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Curve:
    """An arrow: its SVG path, its head as a polygon's points, and where its sign stands."""

    arrow: Arrow
    path: str
    head: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class LayoutColumn:
    """A column's title and its left edge."""

    title: str
    x: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """One environment, laid out; a box that holds others comes before them."""

    width: float
    height: float
    columns: tuple[LayoutColumn, ...]
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def lay_out(picture: Topology, env: str) -> Drawing:
    """The picture of one environment. The same picture gives the same drawing."""
    nodes = tuple(node for node in picture.nodes if node.env == env)
    arrows = tuple(arrow for arrow in picture.arrows if arrow.env == env)
    used = [(title, kinds) for title, kinds in _COLUMNS if any(node.kind in kinds for node in nodes)]
    stacks = _stacks(nodes, arrows, [kinds for _, kinds in used])
    ports = _ports_needed(nodes, arrows, {node.id: column for column, stack in enumerate(stacks) for node in stack})
    heights = {node.id: max(HEIGHT, ports.get(node.id, 0) * _STEP + 16) for node in nodes}
    columns = tuple(LayoutColumn(title, _MARGIN + place * (WIDTH + _GUTTER)) for place, (title, _) in enumerate(used))
    tallest = max((_height(stack, heights) for stack in stacks), default=0)
    boxes = tuple(box for place, stack in enumerate(stacks) for box in _stacked(place, stack, heights, tallest))
    lanes = _Lanes(boxes)
    curves = _curves(arrows, {box.node.id: box for box in boxes}, lanes)
    width = _MARGIN * 2 + len(columns) * WIDTH + max(0, len(columns) - 1) * _GUTTER
    bottom = max([_TOP + tallest, *(y for y in lanes.taken)], default=_TOP)
    return Drawing(width, bottom + _MARGIN, columns, boxes, curves)


def _stacks(
    nodes: Sequence[Node], arrows: Sequence[Arrow], columns: Sequence[tuple[NodeKind, ...]]
) -> list[list[Node]]:
    """The nodes of each column from top to bottom: near what they are connected with, a holder before what it holds."""
    rank = {node.id: float(place) for place, node in enumerate(n for n in nodes if n.kind is NodeKind.APP)}
    rows: dict[str, list[float]] = {}
    for _ in range(3):  # apps rank identities and platform, those rank data, those rank strangers
        rows = {}
        for arrow in arrows:
            for one, other in ((arrow.source, arrow.target), (arrow.target, arrow.source)):
                if other in rank:
                    rows.setdefault(one, []).append(rank[other])
        rank |= {node.id: fmean(rows[node.id]) for node in nodes if node.id in rows and node.id not in rank}
    held = {node.id: [n for n in nodes if n.within == node.id] for node in nodes}
    last = float(len(nodes))

    def row(node: Node) -> float:
        inner = [rank[one.id] for one in held[node.id] if one.id in rank]
        return fmean(inner) if inner else rank.get(node.id, last)

    stacks = []
    for kinds in columns:
        here = [n for n in nodes if n.kind in kinds and not _is_held(n, held)]
        outer = sorted(here, key=lambda node: (row(node), kinds.index(node.kind)))
        stacks.append([one for node in outer for one in (node, *sorted(held[node.id], key=row))])
    return stacks


def _is_held(node: Node, held: Mapping[str, Sequence[Node]]) -> bool:
    return node in held.get(node.within, ())


def _ports_needed(nodes: Iterable[Node], arrows: Iterable[Arrow], column: Mapping[str, int]) -> dict[str, int]:
    """How many arrows meet the busier side of each node."""
    sides: dict[tuple[str, bool], int] = {}
    for arrow in arrows:
        right = column[arrow.target] >= column[arrow.source]
        for end in ((arrow.source, right), (arrow.target, not right)):
            sides[end] = sides.get(end, 0) + 1
    return {node.id: max(sides.get((node.id, True), 0), sides.get((node.id, False), 0)) for node in nodes}


def _height(stack: Sequence[Node], heights: Mapping[str, float]) -> float:
    """The column's height without air: whole boxes, gaps between them."""
    return sum(_block(node, stack, heights) for node in _outer(stack)) + _GAP * max(0, len(_outer(stack)) - 1)


def _outer(stack: Sequence[Node]) -> list[Node]:
    ids = {node.id for node in stack}
    return [node for node in stack if node.within not in ids]


def _block(node: Node, stack: Sequence[Node], heights: Mapping[str, float]) -> float:
    inner = [heights[one.id] for one in stack if one.within == node.id]
    return _HEADER + sum(inner) + len(inner) * _PADDING if inner else heights[node.id]


def _stacked(place: int, stack: Sequence[Node], heights: Mapping[str, float], tallest: float) -> Iterable[Box]:
    """The column's boxes, the air shared out between them."""
    outer = _outer(stack)
    air = (tallest - sum(_block(node, stack, heights) for node in outer)) / max(1, len(outer))
    x, y = _MARGIN + place * (WIDTH + _GUTTER), _TOP + air / 2
    for node in outer:
        height = _block(node, stack, heights)
        holds = any(one.within == node.id for one in stack)
        yield Box(node, place, x, y, WIDTH, height, y + (_HEADER if holds else height) / 2, holds)
        below = y + _HEADER
        for inner in (one for one in stack if one.within == node.id):
            high = heights[inner.id]
            yield Box(inner, place, x + _PADDING, below, WIDTH - 2 * _PADDING, high, below + high / 2, False)
            below += high + _PADDING
        y += height + air


class _Lanes:
    """Where an arrow may pass a column: between two of its boxes, or below them; each lane once."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self._outer: dict[int, list[Box]] = {}
        ids = {box.node.id for box in boxes}
        for box in boxes:
            if box.node.within not in ids:
                self._outer.setdefault(box.column, []).append(box)
        self._used: dict[tuple[int, float], int] = {}
        self.taken: list[float] = []

    def through(self, column: int, wish: float) -> float:
        """The height of the free lane that is nearest to where the arrow would like to pass."""
        boxes = self._outer[column]
        gaps = [(above.y + above.height + below.y) / 2 for above, below in pairwise(boxes)]
        gaps.append(boxes[-1].y + boxes[-1].height + _LANE)
        gap = min(gaps, key=lambda y: abs(y - wish))
        count = self._used[column, gap] = self._used.get((column, gap), 0) + 1
        lane = gap + (count // 2) * _LANE * (1 if count % 2 == 0 else -1)
        self.taken.append(lane + _LANE)
        return lane


@dataclass(frozen=True, slots=True)
class _Way:
    """An arrow between its boxes: the heights at which it passes the columns in between, and at which it ends."""

    arrow: Arrow
    source: Box
    target: Box
    through: tuple[float, ...]
    start: float = 0
    end: float = 0

    @property
    def step(self) -> int:
        """Rightwards, or leftwards."""
        return 1 if self.target.column >= self.source.column else -1


def _curves(arrows: Sequence[Arrow], boxes: Mapping[str, Box], lanes: _Lanes) -> tuple[Curve, ...]:
    ways = [_way(arrow, boxes[arrow.source], boxes[arrow.target], lanes) for arrow in arrows]
    at: dict[tuple[str, int], list[tuple[float, int, str]]] = {}
    for place, way in enumerate(ways):
        first = way.through[0] if way.through else way.target.middle
        last = way.through[-1] if way.through else way.source.middle
        at.setdefault((way.source.node.id, way.step), []).append((first, place, "start"))
        at.setdefault((way.target.node.id, -way.step), []).append((last, place, "end"))
    for (node_id, _), ends in at.items():
        top = boxes[node_id].middle - (len(ends) - 1) * _STEP / 2
        for port, (_, place, which) in enumerate(sorted(ends)):
            y = top + port * _STEP
            ways[place] = replace(ways[place], start=y) if which == "start" else replace(ways[place], end=y)
    return tuple(map(_curve, ways))


def _way(arrow: Arrow, source: Box, target: Box, lanes: _Lanes) -> _Way:
    step = 1 if target.column >= source.column else -1
    between = range(source.column + step, target.column, step) if source.column != target.column else range(0)
    slope = (target.middle - source.middle) / max(1, len(between) + 1)
    through = tuple(lanes.through(column, source.middle + slope * (count + 1)) for count, column in enumerate(between))
    return _Way(arrow, source, target, through)


def _curve(way: _Way) -> Curve:
    step = way.step
    x = way.source.x + (way.source.width if step > 0 else 0)
    tip = way.target.x + (0 if step > 0 else way.target.width)
    if way.source.column == way.target.column:  # out at the right, and back in
        tip = way.target.x + way.target.width
        outside = x + _GUTTER * 0.8
        path = f"M{x:g} {way.start:g}C{outside:g} {way.start:g} {outside:g} {way.end:g} {tip + _TIP:g} {way.end:g}"
        return Curve(way.arrow, path, _head(tip, way.end, -1), x + _STRAIGHT / 2, way.start)
    path = f"M{x:g} {way.start:g}h{step * _STRAIGHT}"
    at, y = x + step * _STRAIGHT, way.start
    for count, lane in enumerate(way.through):
        column = way.source.column + step * (count + 1)
        near = _MARGIN + column * (WIDTH + _GUTTER) + (0 if step > 0 else WIDTH)
        path += f"{_bend(at, y, near, lane)}h{step * WIDTH}"
        at, y = near + step * WIDTH, lane
    path += _bend(at, y, tip - step * _TIP, way.end)
    return Curve(way.arrow, path, _head(tip, way.end, step), x + step * _STRAIGHT / 2, way.start)


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"


def _head(x: float, y: float, step: int) -> str:
    back = x - step * _TIP
    return f"{x:g},{y:g} {back:g},{y - 5:g} {back:g},{y + 5:g}"
