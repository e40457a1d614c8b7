"""Who else may do what on the documented things: the role assignments that the policy does not document."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.access.assignment_index import down_to, index, place_of
from mzaudit.access.managed_identities import caller_of, identities_of
from mzaudit.engine.results import FurtherAccess, FurtherAssignment
from mzaudit.policy import things
from mzaudit.policy.desired import Desired, DesiredEnvironment
from mzaudit.snapshot.authorization import RoleAssignment
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import key, subscription_of

_READER = "key vault secrets user"


def further_access(wanted: Desired, seen: Snapshot) -> FurtherAccess | None:
    """Every assignment on a documented thing of the environments asked for, above it or within it, the nearest first;
    None where the policy does not ask for what is undocumented.

    What the identities of services hold is judged by rules, and is left out, as is the auditor.
    """
    if wanted.policy.undocumented is None:
        return None
    held: dict[str, FurtherAssignment] = {}
    gaps: list[Gap] = []
    named = dict(_names(wanted))
    for env in (wanted.environments[one] for one in wanted.asked):
        identities = identities_of(seen, wanted.services, slots_in=env.env)
        known = caller_of(seen)
        documented = set(_documented(env))
        placed = {key(each) for each in things.ids(env).values()}
        around = {place for each in placed for place in down_to(each)}
        gaps += identities.gaps
        for subscription in sorted({subscription_of(each).casefold() for each in placed}):
            rbac = seen.access(f"/subscriptions/{subscription}")
            definitions = index(seen, rbac).definitions
            gaps += [rbac.assignments.gap] if rbac.assignments.gap is not None else []
            for one in rbac.assignments.items:
                who, place = one.principal_id.casefold(), place_of(one.scope)
                if place not in around and placed.isdisjoint(down_to(place)):
                    continue
                definition = definitions.get(one.role.casefold())
                role = definition.name if definition is not None else one.role
                if who in known or identities.owns(who) or (who, role.casefold(), key(one.scope)) in documented:
                    continue
                held[key(one.id)] = _told(one, role, named.get(who, ""))
    ordered = sorted(
        held.values(), key=lambda one: (-len(down_to(place_of(one.scope))), one.scope, one.role, one.principal)
    )
    return FurtherAccess(tuple(ordered), tuple(dict.fromkeys(gaps)))


def _told(one: RoleAssignment, role: str, name: str) -> FurtherAssignment:
    return FurtherAssignment(
        one.principal_id, one.principal_type or "", name, role, one.scope, one.condition is not None
    )


def _names(wanted: Desired) -> Iterator[tuple[str, str]]:
    """What the policy calls those whom it names by object id."""
    readers = [reader for vault in wanted.policy.vaults.values() for reader in vault.readers]
    for one in (*readers, *wanted.policy.people, *wanted.policy.pipelines):
        for object_id in one.object_ids:
            yield object_id.casefold(), one.name


def _documented(env: DesiredEnvironment) -> Iterator[tuple[str, str, str]]:
    """Who holds which role where by the policy, without case: people, pipelines, and readers of vaults."""
    for one in env.principals:
        for access in one.access:
            yield one.object_id.casefold(), access.role.casefold(), key(access.scope)
    for vault in env.vaults:
        for reader in vault.readers:
            yield reader.object_id.casefold(), _READER, key(vault.id)
