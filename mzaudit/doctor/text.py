"""The examination as plain text: by scope what is held and what lacks, then the network, the rest, the commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mzaudit.doctor.examine import Examination, Lack, Obstacle, Place, Unasked
from mzaudit.doctor.grants import commands
from mzaudit.report.prose import cures
from mzaudit.snapshot.estate import Caller

_UNKNOWN = "OBJECT-ID-OF-THE-AUDITING-IDENTITY"
_HELD = {
    True: "held",
    False: "NOT held: on that day the rules that use it say less",
    None: "the caller's own permissions do not tell",
}


def text(found: Examination, caller: Caller | None, environments: Sequence[str]) -> str:
    """What the doctor says; not neutralised."""
    lines = [f"doctor: {', '.join(environments)}", f"caller: {_who(caller)}", ""]
    for place in found.places:
        lines += [*_place(place), ""]
    for title, obstacles in (("network", found.network), ("other obstacles", found.others)):
        if obstacles:
            lines += [f"{title} (no role helps)", *(line for each in obstacles for line in _obstacle(each)), ""]
    if found.unasked:
        lines += ["not used by this estate as it is today", *(line for each in found.unasked for line in _spare(each))]
        lines += [""]
    if found.grants:
        lines += [
            "to grant the least that is needed (an Owner or User Access Administrator can; the role definitions once)",
            *(f"  {line}" for line in commands(found.grants, _assignee(caller))),
            "",
        ]
    lines.append(_verdict(found))
    return "\n".join(lines) + "\n"


def _who(caller: Caller | None) -> str:
    if caller is None:
        return "unknown: the token does not say"
    return f"application {caller.application_id} (object {caller.object_id}) by {caller.credential}"


def _assignee(caller: Caller | None) -> str:
    return caller.object_id if caller is not None and caller.object_id else _UNKNOWN


def _place(place: Place) -> Iterator[str]:
    yield place.scope
    if place.held:
        yield f"  holds {len(place.held)}: {', '.join(need.permission for need in place.held)}"
    for lack in place.lacks:
        if lack.rules:
            yield f"  LACKS {_permission(lack)}"
            yield f"    undecided: {', '.join(lack.rules)}"
    others = [_permission(lack) for lack in place.lacks if not lack.rules]
    if others:
        # a rule stops at its first gap, so that a later one is not named
        yield f"  LACKS, not the first lack of any rule: {', '.join(others)}"


def _permission(lack: Lack) -> str:
    return f"{lack.need.permission} (data action)" if lack.need.data else lack.need.permission


def _obstacle(obstacle: Obstacle) -> Iterator[str]:
    calls = f"{obstacle.calls} calls" if obstacle.calls > 1 else obstacle.gap.call
    yield f"  {obstacle.gap.reason} {obstacle.gap.scope} ({calls})"
    yield f"    undecided: {', '.join(obstacle.rules) or 'no rule; another gap comes first'}"
    yield f"    cure: {cures(obstacle.gap)}"


def _spare(spare: Unasked) -> Iterator[str]:
    yield f"  {spare.need.permission}: needed when {spare.need.when}; {_HELD[spare.held]}"


def _verdict(found: Examination) -> str:
    if found.complete:
        return "everything that was needed could be read"
    lacks = sum(len(place.lacks) for place in found.places)
    obstacles = len(found.network) + len(found.others)
    return f"not everything could be read: {lacks} permissions lacking, {obstacles} other obstacles"
