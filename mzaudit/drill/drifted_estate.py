"""The conforming estate with a spread of the drill's deviations: at most one of a kind, on different things."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Iterator
from typing import Final

from mzaudit.drill.deviations import deviations
from mzaudit.drill.drill_case import DrillCase, DrillContext
from mzaudit.simulator import Estate
from mzaudit.simulator.arm import activity_records
from mzaudit.simulator.estates.estate_plan import stable_guid

# What goes wrong, by the deviation's name, and which of those that a policy gives rise to (modulo their number). What
# takes an identity away comes last: others have something to do with it.
SPREAD: Final[tuple[tuple[re.Pattern[str], int], ...]] = (
    (re.compile(r"plans\.minimum: "), -2),
    (re.compile(r": tag latest$"), 0),
    (re.compile(r": image from another registry$"), -1),
    (re.compile(r"\.secrets\.\S+: soft-deleted$"), 7),
    (re.compile(r"\.secrets\.\S+: disabled$"), -2),
    (re.compile(r": .*expires in"), 4),
    (re.compile(r"\.shared: one (newline|blank) more here$"), -1),
    (re.compile(r": an undocumented secret$"), 0),
    (re.compile(r"\.app: setting \w+ in clear$"), 0),
    (re.compile(r": setting in clear$"), 5),
    (re.compile(r": a further setting refers to "), -2),
    (re.compile(r"^vaults\..*: (?!a person|a group|an application)\S+ reads it$"), -2),
    (re.compile(r": a person reads it$"), 0),
    (re.compile(r": value a placeholder$"), 8),
    (re.compile(r": setting \w+ with a password$"), -1),
    (re.compile(r": anyone reads a blob by its name$"), 0),
    (re.compile(r"takes passwords$"), 0),
    (re.compile(r": alert disabled$"), 0),
    (re.compile(r": reads the account$"), -1),
    (re.compile(r": role db_ddladmin too much$"), -1),
    (re.compile(r": user of the database \S+ too$"), -1),
    (re.compile(r": user of a former identity$"), 0),
    (re.compile(r": new table without a policy$"), -1),
    (re.compile(r": migration failed$"), 0),
    (re.compile(r"^resources\.\S+\.properties\.\S+: "), 0),
    (re.compile(r"^resources\.\S+: gone$"), -1),
    (re.compile(r": identity off$"), 1),
)
# How long ago a change was made, in days, and whether by the pipeline. The last is older than what a log keeps.
_CHANGES: Final = ((3.0, False), (2.0, True), (40.0, False), (20.0, False))
_FORGOTTEN: Final = (100.0, False)


def drift(estate: Estate, ground: DrillContext) -> tuple[DrillCase, ...]:
    """Bend a conforming estate by the spread, record who changed what, and give the deviations."""
    before = pickle.dumps((estate.resources, estate.settings, estate.role_assignments))
    cases = tuple(chosen(deviations(ground)))
    for case in cases:
        case.mutate(estate)
    _record(estate, before)
    return cases


def chosen(cases: Iterable[DrillCase]) -> Iterator[DrillCase]:
    """One deviation of each kind of the spread that there is, none of them on what another one is on."""
    alone = [case for case in cases if not case.all_environments]
    taken: set[str] = set()
    for pattern, position in SPREAD:
        of_kind = [case for case in alone if pattern.search(case.name) and _thing(case) not in taken]
        if of_kind:
            case = of_kind[position % len(of_kind)]
            taken.add(_thing(case))
            yield case


def _thing(case: DrillCase) -> str:
    """What a deviation is on: its place in the policy; of a secret the whole secret, of an app the one fact."""
    steps = case.place.split(".")
    if steps[2:3] == ["secrets"] and len(steps) > 3:
        return ".".join(steps[:4])
    return case.name if steps[-1] == "app" else case.place


def _record(estate: Estate, before: bytes) -> None:
    """Who changed what, in the records of Azure."""
    resources, settings, assignments = pickle.loads(before)  # noqa: S301 - our own bytes
    held = {str(one["id"]) for one in assignments}
    changed = {
        "/".join(str(body["id"]).split("/")[:9]): "config" if "/config/" in known else ""
        for known, body in estate.resources.items()
        if resources.get(known) != body
    }
    changed |= {
        "/".join(str(estate.resource(known)["id"]).split("/")[:9]): "config"
        for known, table in estate.settings.items()
        if settings.get(known) != table
    }
    pipeline, person = stable_guid("pipeline", "oid"), stable_guid("operator")
    for number, (resource, part) in enumerate(changed.items()):
        last = number == len(changed) - 1
        days, by_pipeline = _FORGOTTEN if last else _CHANGES[number % len(_CHANGES)]
        caller = (pipeline, pipeline) if by_pipeline else (activity_records.PERSON, person)
        kind = "/".join(resource.split("/")[6:8])
        operation = f"{kind}/{part}/write" if part else f"{kind}/write"
        activity_records.change(estate, resource, operation, days, *caller)
    for assignment in estate.role_assignments:
        if str(assignment["id"]) not in held:
            operation = "Microsoft.Authorization/roleAssignments/write"
            activity_records.change(estate, str(assignment["id"]), operation, 5.0, activity_records.PERSON, person)
