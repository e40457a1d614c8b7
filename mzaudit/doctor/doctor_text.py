"""The examination as plain text: by scope what is held and what lacks, inside the databases too; then the rest."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.azure.required_permissions import CONNECT, DATABASE_NEEDS, DatabaseNeed, Need
from mzaudit.doctor.examination import Examination, Lack, Obstacle, ScopeExamination, Unasked
from mzaudit.doctor.role_grants import commands
from mzaudit.doctor.sql_script import giving
from mzaudit.engine.tsql import ADMINISTRATOR
from mzaudit.policy.desired import Desired, DesiredDatabase
from mzaudit.policy.enums import counted
from mzaudit.report.gap_advice import advice, short
from mzaudit.snapshot.estate import Caller
from mzaudit.snapshot.text.ids import key

_UNKNOWN = "OBJECT-ID-OF-THE-AUDITING-IDENTITY"
_HELD = {
    True: "held",
    False: "NOT held: on that day the rules that use it say less",
    None: "the caller's own permissions do not show it",
}


def text(found: Examination, caller: Caller | None, wanted: Desired, auditor: str) -> str:
    """What the doctor says; not neutralised. `auditor` is the auditing identity's name in statements for databases."""
    lines = [f"doctor: {', '.join(wanted.asked)}", f"caller: {_who(caller)}", ""]
    for place in found.places:
        lines += [place.scope, *_place(place), ""]
    if found.inside:
        databases = {key(each.id): each for env in wanted.environments.values() for each in env.databases}
        lines.append("inside the databases (no role of Azure's helps: statements in each do)")
        for inside in found.inside:
            lines += [f"  {line}" for line in _database(inside, databases[key(inside.scope)], auditor)]
        lines.append("")
    for title, obstacles in (("network", found.network), ("other obstacles", found.others)):
        if obstacles:
            lines += [f"{title} (no role helps)", *(line for each in obstacles for line in _obstacle(each)), ""]
    if found.unasked:
        lines += ["not used by this estate as it is today", *(line for each in found.unasked for line in _spare(each))]
        lines += [""]
    if found.grants:
        lines += [
            "to grant the least that is needed (an Owner or User Access Administrator can; the role definitions once)",
            *(f"  {line}" for line in commands(found.grants, _assignee(caller), found.further)),
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


def _place(place: ScopeExamination[Need] | ScopeExamination[DatabaseNeed]) -> Iterator[str]:
    if place.held:
        yield f"  holds {len(place.held)}: {', '.join(need.permission for need in place.held)}"
    for lack in place.lacks:
        if lack.rules:
            yield f"  LACKS {_permission(lack)}"
            yield f"    undecided: {', '.join(lack.rules)}"
    others = [_permission(lack) for lack in place.lacks if not lack.rules]
    if others:
        yield f"  LACKS too: {', '.join(others)}"
        yield "    undecided: none for these alone; a rule names the first lack it meets, so grant them with the others"


def _permission(lack: Lack[Need] | Lack[DatabaseNeed]) -> str:
    data = isinstance(lack.need, Need) and lack.need.data
    return f"{lack.need.permission} (data action)" if data else lack.need.permission


def _database(place: ScopeExamination[DatabaseNeed], database: DesiredDatabase, auditor: str) -> Iterator[str]:
    yield place.scope
    yield from _place(place)
    lacking = {lack.need for lack in place.lacks}
    untold = [need for need in DATABASE_NEEDS if need not in place.held and need not in lacking]
    if untold:
        yield f"  not known: {', '.join(need.permission for need in untold)}"
    if lacking:
        yield f"  fix, as `mzaudit doctor --sql` prints it; {ADMINISTRATOR} can:"
        # to one who could not sign in the others are unknown, and a new user has none of them
        wanted = lacking | set(untold) if CONNECT in lacking else lacking
        yield from (f"    {each}" for need, each in giving(database, auditor).items() if need in wanted)


def _obstacle(obstacle: Obstacle) -> Iterator[str]:
    calls = f"{obstacle.calls} calls" if obstacle.calls > 1 else obstacle.gap.call
    yield f"  {obstacle.gap.reason} {obstacle.gap.scope} ({calls})"
    yield f"    undecided: {', '.join(obstacle.rules) or 'no rule; another gap comes first'}"
    yield f"    fix: {short(advice(obstacle.gap))}"


def _spare(spare: Unasked) -> Iterator[str]:
    yield f"  {spare.need.permission}: needed when {spare.need.when}; {_HELD[spare.held]}"


def _verdict(found: Examination) -> str:
    if found.complete:
        return "everything that was needed could be read"
    obstacles = len(found.network) + len(found.others)
    lacking = f"{counted(found.lacking, 'permission')} lacking"
    return f"not everything could be read: {lacking}, {counted(obstacles, 'other obstacle')}"
