"""What the findings say of the parts of the picture: each mark follows from those that bear on the part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate

from mzaudit.access.documented_grant import NO_GRANT
from mzaudit.engine.results import Arrow, Cause, ElementStatus, Finding, Node, NodeKind, Status, Topology
from mzaudit.snapshot.text.ids import covers, key

_EXISTS = "exists"  # what the rules about existence expect
_NO_USER = "none"  # what is observed among a database's users where the identity is none of them


def marked(picture: Topology, findings: Iterable[Finding]) -> Topology:
    """The same picture with the marks that follow from these findings; what is extra stays so."""
    given = tuple(findings)
    by_print = {finding.fingerprint: finding for finding in given}
    causes = links(given)

    def bearing(part: Node | Arrow) -> tuple[Finding, ...]:
        return tuple(by_print[one] for one in part.findings if one in by_print)

    def mark(part: Node | Arrow) -> ElementStatus:
        return fared(bearing(part), causes)

    absences = {(f.env, key(e.at)) for f in given if counts(f) for e in f.evidence if e.expected == _EXISTS}

    def node_mark(node: Node) -> ElementStatus:
        if node.mark is ElementStatus.EXTRA:
            return ElementStatus.EXTRA
        if node.kind is NodeKind.PLAN and not node.resource:
            return ElementStatus.NOT_SEEN  # nobody saw which plan it is, so nothing is known of it
        gone = any((node.env, above) in absences for above in down_to(node.resource)) or (
            node.kind is NodeKind.IDENTITY and any(_no_identity(node, finding) for finding in bearing(node))
        )
        return ElementStatus.MISSING if gone else mark(node)

    nodes = tuple(replace(node, mark=node_mark(node)) for node in picture.nodes)
    by_id = {node.id: node for node in nodes}

    def arrow_mark(arrow: Arrow) -> ElementStatus:
        if arrow.mark is ElementStatus.EXTRA:
            return ElementStatus.EXTRA
        ends = [by_id[end] for end in (arrow.source, arrow.target)]
        ungranted = any(
            counts(finding)
            and (e.observed, key(e.at))
            in (
                (NO_GRANT, key(ends[1].resource)),
                (_NO_USER, key(f"{ends[1].resource}/users")),
            )
            for finding in bearing(arrow)
            for e in finding.evidence
        )
        return (
            ElementStatus.MISSING
            if ungranted or any(end.mark is ElementStatus.MISSING for end in ends)
            else mark(arrow)
        )

    return Topology(nodes, tuple(replace(arrow, mark=arrow_mark(arrow)) for arrow in picture.arrows))


def agrees(picture: Topology, findings: Iterable[Finding]) -> bool:
    """Whether the picture is one of these findings: every end and fingerprint is known, every mark follows."""
    given = tuple(findings)
    ends, prints = {(node.env, node.id) for node in picture.nodes}, {finding.fingerprint for finding in given}
    parts: list[Node | Arrow] = [*picture.nodes, *picture.arrows]
    known = all({(arrow.env, arrow.source), (arrow.env, arrow.target)} <= ends for arrow in picture.arrows) and all(
        prints.issuperset(part.findings) for part in parts
    )
    return known and marked(picture, given) == picture


def links(findings: Iterable[Finding]) -> Mapping[tuple[str, Cause], Finding]:
    """Findings by environment and what others call them when they are their cause."""
    return {(finding.env, finding.as_cause): finding for finding in findings}


def fared(findings: Iterable[Finding], causes: Mapping[tuple[str, Cause], Finding]) -> ElementStatus:
    """What findings say together; one that another explains counts as that other does.

    Passed only if something passed and nothing is open. One whose cause this report does not hold counts as failed,
    because an earlier link is broken.
    """
    told = [causes.get((f.env, f.cause), f) if f.cause else f for f in findings]
    statuses = {Status.FAIL if f.status is Status.NOT_APPLICABLE and f.cause else f.status for f in told}
    if Status.FAIL in statuses:
        return ElementStatus.VIOLATED
    if Status.INCONCLUSIVE in statuses or not statuses & {Status.PASS, Status.WAIVED}:
        return ElementStatus.NOT_SEEN
    return ElementStatus.WAIVED if Status.WAIVED in statuses else ElementStatus.PASSED


def down_to(resource: str) -> Iterator[str]:
    """The id and all above it, as keys."""
    return accumulate(key(resource).split("/")[1:], "{}/{}".format, initial="")


def counts(finding: Finding) -> bool:
    """Whether it failed, waived or not: what its evidence shows is there."""
    return finding.status in (Status.FAIL, Status.WAIVED)


def _no_identity(node: Node, finding: Finding) -> bool:
    """Whether it says that there is none, rather than that another one is used or what this one may do."""
    return counts(finding) and any(covers(node.resource, e.at) for e in finding.evidence)
