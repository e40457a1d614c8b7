"""A documented role on a documented scope: held as documented, held otherwise, or not held."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.access.assignment_index import index
from mzaudit.access.deny_assignments import LIFT, lift
from mzaudit.access.effective_access import Access, Grant, access_of
from mzaudit.access.named_roles import unseen_role
from mzaudit.access.permission_matching import ActionTarget
from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Evidence, Fail, Fix, Inconclusive, Pass, Verdict
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text.ids import name, same

NO_GRANT = "no assignment"
_ADMINISTRATOR = "Role Based Access Control Administrator"


@dataclass(frozen=True, slots=True)
class DocumentedGrant:
    """The role that an identity must hold on a scope, and all that it is for. `who` and `thing` are for sentences;
    `roles_alone` is whether nothing but a role lets anybody in."""

    role: str
    role_name: str
    scope: str
    targets: tuple[ActionTarget, ...]
    principal_id: str
    who: str
    thing: str
    roles_alone: bool = True


def is_as_documented(grant: Grant, documented: DocumentedGrant) -> bool:
    """The documented role, by the identity's own assignment, on exactly the documented scope."""
    return (
        grant.role.casefold() == documented.role.casefold()
        and same(grant.scope, documented.scope)
        and grant.group is None
    )


def accesses_of(seen: Snapshot, documented: DocumentedGrant) -> tuple[Access, ...]:
    """The identity's access to each target."""
    return tuple(access_of(seen, documented.principal_id, target) for target in documented.targets)


def serves_all(grant_id: str, accesses: tuple[Access, ...]) -> bool:
    """Whether that assignment surely grants every target."""
    return all(any(grant.id == grant_id and grant.decided for grant in access.grants) for access in accesses)


def judge(seen: Snapshot, documented: DocumentedGrant) -> Verdict:
    """Pass where the documented grant is there and works; each other way to hold the access fails in its own words."""
    accesses = accesses_of(seen, documented)
    if any(access.allowed is False for access in accesses):
        return _refused(seen, accesses, documented)
    if gaps := [gap for access in accesses if access.allowed is None for gap in access.gaps]:
        undecided = [g for access in accesses for g in access.grants if not g.decided]
        note = f"{documented.who} holds {undecided[0].words(documented.scope)}." if undecided else ""
        return Inconclusive(tuple(dict.fromkeys(gaps)), note)
    grants = tuple(dict.fromkeys(g for access in accesses for g in access.grants if g.decided))
    proper = [g for g in grants if is_as_documented(g, documented) and serves_all(g.id, accesses)]
    expiring = seen.access(documented.scope).expiring
    if proper and all(grant.ends is None for grant in proper):
        if expiring.gap is not None:
            return Inconclusive((expiring.gap,), "Whether the assignment ends on a date could not be read.")
        return Pass((Evidence(documented.scope, documented.role_name, proper[0].words(documented.scope)),))
    if unseen := [gap for access in accesses for gap in access.unseen]:
        return Inconclusive(tuple(dict.fromkeys(unseen)))
    return _otherwise(grants, accesses, documented)


def _refused(seen: Snapshot, accesses: tuple[Access, ...], documented: DocumentedGrant) -> Fail:
    """Some of it cannot be reached at all."""
    refused = [t for t, access in zip(documented.targets, accesses, strict=True) if access.allowed is False]
    denials = sorted({denial for access in accesses for denial in access.denials})
    if denials:
        return Fail(
            tuple(Evidence(documented.scope, documented.role_name, f"denied by {denial}") for denial in denials),
            f"{documented.who} is denied {documented.thing} by the deny assignment {denials[0]}.",
            LIFT,
            lift(denials),
        )
    some = tuple(dict.fromkeys(g for access in accesses for g in access.grants))
    observed = tuple(g.words(documented.scope) for g in some) or NO_GRANT
    lacks = f"has no access to {documented.thing}"
    rbac = index(seen, seen.access(documented.scope))
    if not some and documented.principal_id.casefold() in rbac.holding(documented.role.casefold(), documented.scope):
        observed = f"{documented.role_name}, which does not grant the access"
        lacks = f"{lacks} though it holds {documented.role_name} there: check the role's permissions and the condition"
    if not documented.roles_alone:
        lacks = f"has no role for {documented.thing}; access control lists are not read"
    rest = unseen_role(seen, documented.scope, documented.role_name)
    if len(refused) < len(accesses):
        rest += f" It reaches only part: all but {', '.join(name(target.scope) for target in refused)}."
    return Fail(
        (Evidence(documented.scope, documented.role_name, observed),),
        f"{documented.who} {lacks}.{rest}",
        f"Assign {documented.role_name} to the identity on exactly this scope.",
        grant_fix(documented),
    )


@dataclass(frozen=True, slots=True, order=True)
class _Difference:
    """How a grant differs from the documented one: the nearer the lower, and how much that matters."""

    rank: int
    words: str
    grant_id: str

    @property
    def severity(self) -> Severity:
        return (Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH)[self.rank]


def _otherwise(grants: tuple[Grant, ...], accesses: tuple[Access, ...], documented: DocumentedGrant) -> Fail:
    """The access is there, but not as documented: the nearest way is named, the worst gives the severity."""
    by_id = {grant.id: grant for grant in grants}
    found = sorted(_difference(grant, documented, serves_all(grant.id, accesses)) for grant in grants)
    nearest = by_id[found[0].grant_id]
    return Fail(
        tuple(
            Evidence(one.grant_id, documented.role_name, by_id[one.grant_id].words(documented.scope)) for one in found
        ),
        f"{documented.who} reaches {documented.thing}, but {found[0].words}: {nearest.words(documented.scope)}.",
        f"Assign {documented.role_name} to the identity on exactly {documented.scope}, then remove the other grants.",
        grant_fix(documented),
        found[-1].severity,
    )


def _difference(grant: Grant, documented: DocumentedGrant, all_of_it: bool) -> _Difference:
    if grant.role.casefold() != documented.role.casefold():
        return _Difference(4, "by another role than the documented one", grant.id)
    if not all_of_it:
        return _Difference(3, "each part by a grant of its own", grant.id)
    if not same(grant.scope, documented.scope):
        return _Difference(2, "from too broad a scope", grant.id)
    if grant.group is not None:
        return _Difference(1, "through a group", grant.id)
    return _Difference(0, "only for a time", grant.id)


def grant_fix(documented: DocumentedGrant) -> Fix:
    """Assign the documented role."""
    command = az(
        "role assignment create",
        assignee_object_id=documented.principal_id,
        assignee_principal_type="ServicePrincipal",
        role=documented.role_name,
        scope=documented.scope,
    )
    return Fix(
        _ADMINISTRATOR, (command,), "Microsoft.Authorization/roleAssignments: properties.roleDefinitionId, scope"
    )


def revoke_fix(grants: tuple[Grant, ...]) -> Fix:
    """Take the assignments away (by id), or the access policies (by object id)."""
    commands = []
    for grant in grants:
        if grant.role:
            commands.append(az("role assignment delete", ids=grant.id))
        else:
            commands.append(az("keyvault delete-policy", name=name(grant.scope), object_id=grant.principal_id))
    return Fix(_ADMINISTRATOR, tuple(dict.fromkeys(commands)), "Microsoft.Authorization/roleAssignments: remove it")
