"""The picture's geometry: nothing overlaps, no arrow runs through a box, everything is inside and drawn once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from mzaudit.diagram.layout import Box, Curve, Drawing, lay_out
from mzaudit.engine.results import Arrow, ElementStatus, Node, NodeKind, Topology
from tests.bent_estates import ESTATES
from tests.report.sample import judged

PICTURES: dict[str, tuple[Topology, str]] = {name: (judged(name).topology, "prd") for name in ESTATES}
PICTURES |= {f"{name}, stg": (judged(name, "stg", "prd").topology, "stg") for name in ("compliant", "access wrong")}


def _crowd() -> Topology:
    """Twelve services with everything of their own, every identity in every vault, and strangers."""
    nodes: list[Node] = []
    arrows: list[Arrow] = []
    for number in range(12):
        made = {
            kind: Node(f"prd/{kind}/{number}", "prd", kind, f"{kind}-{number}", "", "", ElementStatus.PASSED, ())
            for kind in NodeKind
        }
        made[NodeKind.DATABASE] = replace(made[NodeKind.DATABASE], within=made[NodeKind.SERVER].id)
        nodes += made.values()
        for source, target in (
            (NodeKind.APP, NodeKind.PLAN),
            (NodeKind.APP, NodeKind.IDENTITY),
            (NodeKind.APP, NodeKind.VAULT),
            (NodeKind.IDENTITY, NodeKind.DATABASE),
            (NodeKind.IDENTITY, NodeKind.REGISTRY),
            (NodeKind.STRANGER, NodeKind.TELEMETRY),
            (NodeKind.STRANGER, NodeKind.STRANGER),
        ):
            arrows.append(Arrow("prd", made[source].id, made[target].id, "x", ElementStatus.EXTRA, ()))
        arrows += [
            Arrow("prd", made[NodeKind.IDENTITY].id, f"prd/vault/{other}", "x", ElementStatus.EXTRA, ())
            for other in range(number)
        ]
    return Topology(tuple(nodes), tuple(arrows))


PICTURES |= {"a crowd": (_crowd(), "prd"), "nothing": (Topology(), "prd")}


@pytest.fixture(params=PICTURES)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return lay_out(*PICTURES[request.param])


def overlap(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def points(curve: Curve) -> Iterator[tuple[float, float]]:
    """The path, walked in small steps."""
    x = y = 0.0
    for command, text in re.findall(r"([MhC])([^MhC]*)", curve.path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", text)]
        if command == "M":
            x, y = numbers
            yield x, y
        elif command == "h":
            yield from ((x + numbers[0] * step / 20, y) for step in range(1, 21))
            x += numbers[0]
        else:
            a, b, c, d, e, f = numbers
            for step in range(1, 21):
                t = step / 20
                u = 1 - t
                yield (
                    u**3 * x + 3 * u * u * t * a + 3 * u * t * t * c + t**3 * e,
                    u**3 * y + 3 * u * u * t * b + 3 * u * t * t * d + t**3 * f,
                )
            x, y = e, f


def test_boxes_stand_apart_and_inside(drawing: Drawing) -> None:
    for one, other in combinations(drawing.boxes, 2):
        if other.node.within == one.node.id:
            assert one.x < other.x
            assert other.x + other.width < one.x + one.width
            assert one.y < other.y
            assert other.y + other.height < one.y + one.height
        else:
            assert not overlap(one, other), (one.node.id, other.node.id)
    for box in drawing.boxes:
        assert box.x > 0
        assert box.y > 0
        assert box.x + box.width < drawing.width
        assert box.y + box.height < drawing.height


def test_arrows_lead_from_edge_to_edge_around_everything_else(drawing: Drawing) -> None:
    boxes = {box.node.id: box for box in drawing.boxes}
    for curve in drawing.curves:
        source, target = boxes[curve.arrow.source], boxes[curve.arrow.target]
        walked = list(points(curve))
        tip = tuple(float(number) for number in curve.head.split(" ")[0].split(","))
        assert walked[0][0] in (source.x, source.x + source.width)
        assert source.y <= walked[0][1] <= source.y + source.height
        assert tip[0] in (target.x, target.x + target.width)
        assert target.y <= tip[1] <= target.y + target.height
        others = [b for b in drawing.boxes if b not in (source, target, boxes.get(target.node.within))]
        for x, y in walked:
            assert 0 < x < drawing.width + 100 * (source.column == target.column)
            assert 0 < y < drawing.height
            hit = [b.node.id for b in others if b.x < x < b.x + b.width and b.y < y < b.y + b.height]
            assert not hit, (curve.arrow, hit)


def test_signs_do_not_touch(drawing: Drawing) -> None:
    for one, other in combinations(drawing.curves, 2):
        assert abs(one.x - other.x) > 16 or abs(one.y - other.y) > 16, (one.arrow, other.arrow)


@pytest.mark.parametrize("name", PICTURES)
def test_everything_is_drawn_once_and_always_the_same(name: str) -> None:
    picture, env = PICTURES[name]
    drawn = lay_out(picture, env)
    ids = [box.node.id for box in drawn.boxes]
    assert sorted(ids) == sorted(node.id for node in picture.nodes if node.env == env)
    assert [curve.arrow for curve in drawn.curves] == [arrow for arrow in picture.arrows if arrow.env == env]
    assert lay_out(picture, env) == drawn


def test_columns_are_those_that_the_estate_needs() -> None:
    assert [column.title for column in lay_out(*PICTURES["compliant"]).columns] == [
        "Platform",
        "Apps",
        "Identities",
        "Data",
    ]
    assert lay_out(*PICTURES["access wrong"]).columns[-1].title == "Not documented"
