"""The estate's topology as a Mermaid flowchart; a sign and a word tell what became of a part, colour repeats it."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.engine.results import ElementStatus, NodeKind, Topology
from mzaudit.report.escaping import mermaid

_SIGNS = {
    ElementStatus.PASSED: "✓",
    ElementStatus.VIOLATED: "✗",
    ElementStatus.NOT_SEEN: "? not seen:",
    ElementStatus.MISSING: "✗ missing:",
    ElementStatus.EXTRA: "! extra:",
    ElementStatus.WAIVED: "~ waived:",
}
# Strokes that can be told from a light and from a dark page.
_STROKES = {
    ElementStatus.PASSED: "#2da44e",
    ElementStatus.VIOLATED: "#e5534b,stroke-width:3px",
    ElementStatus.NOT_SEEN: "#bf8700,stroke-dasharray:4",
    ElementStatus.MISSING: "#e5534b,stroke-width:3px,stroke-dasharray:8",
    ElementStatus.EXTRA: "#a371f7,stroke-width:3px",
    ElementStatus.WAIVED: "#768390",
}
_SHAPES = {
    NodeKind.DATABASE: ("[(", ")]"),
    NodeKind.BLOBS: ("[(", ")]"),
    NodeKind.IDENTITY: ("([", "])"),
    NodeKind.PRINCIPAL: ("([", "])"),
    NodeKind.STRANGER: ("{{", "}}"),
}


def flowchart(picture: Topology) -> Iterator[str]:
    """The lines of the diagram: a box for each environment where there are several."""
    names = {node.id: f"n{number}" for number, node in enumerate(picture.nodes)}
    environments = dict.fromkeys(node.env for node in picture.nodes)
    yield "flowchart LR"
    for number, env in enumerate(environments):
        if len(environments) > 1:
            yield f'  subgraph e{number} ["{mermaid(env)}"]'
        for node in picture.nodes:
            if node.env == env:
                opening, closing = _SHAPES.get(node.kind, ("[", "]"))
                text = _label(node.mark, f"{node.kind} {node.name}")
                yield f"    {names[node.id]}{opening}{text}{closing}:::{_style(node.mark)}"
        if len(environments) > 1:
            yield "  end"
    held = [node for node in picture.nodes if node.within in names]
    for node in held:
        yield f"  {names[node.within]} --- {names[node.id]}"
    drawn = [arrow for arrow in picture.arrows if arrow.source in names and arrow.target in names]
    for arrow in drawn:
        yield f"  {names[arrow.source]} -->|{_label(arrow.mark, arrow.label)}| {names[arrow.target]}"
    for mark, stroke in _STROKES.items():
        if any(node.mark is mark for node in picture.nodes):
            yield f"  classDef {_style(mark)} stroke:{stroke}"
        numbers = [str(len(held) + place) for place, arrow in enumerate(drawn) if arrow.mark is mark]
        if numbers:
            yield f"  linkStyle {','.join(numbers)} stroke:{stroke}"


def _style(mark: ElementStatus) -> str:
    return mark.replace("-", "")


def _label(mark: ElementStatus, text: str) -> str:
    return f'"{_SIGNS[mark]} {mermaid(text)}"'
