"""Effective access: the built-in roles, and a brute-force oracle over a small world."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mzaudit.access.deny_assignments import EVERYONE
from mzaudit.access.effective_access import access_of, holders_of, out_of_reach
from mzaudit.access.permission_matching import ActionTarget
from mzaudit.simulator.estates.builtin_roles import BUILTIN_ROLES
from mzaudit.snapshot.authorization import (
    Authorization,
    Denied,
    DenyAssignment,
    Expiry,
    Permission,
    RoleAssignment,
    RoleDefinition,
)
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing
from tests.built_estate import SUBSCRIPTION, compliant

SUB = f"/subscriptions/{SUBSCRIPTION}"
RG = f"{SUB}/resourceGroups/rg"
VAULT = f"{RG}/providers/Microsoft.KeyVault/vaults/kv"
ACCOUNT = f"{RG}/providers/Microsoft.Storage/storageAccounts/st"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/snaps"
REGISTRY = f"{RG}/providers/Microsoft.ContainerRegistry/registries/acr"
ME, GROUP, OTHER = "aaaaaaaa-1111", "bbbbbbbb-2222", "cccccccc-3333"
HIDDEN = Gap(GapReason.FORBIDDEN, "GET hidden")
ROLES = tuple(
    RoleDefinition(
        role.guid,
        name,
        False,
        (Permission(role.actions, role.not_actions, role.data_actions),),
    )
    for name, role in BUILTIN_ROLES.items()
)

# What the built-in roles are for, in these questions.
QUESTIONS = {
    "get secret": ActionTarget(VAULT, "Microsoft.KeyVault/vaults/secrets/getSecret/action", True),
    "write access policies": ActionTarget(VAULT, "Microsoft.KeyVault/vaults/accessPolicies/write", False),
    "read blob": ActionTarget(CONTAINER, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", True),
    "list keys": ActionTarget(ACCOUNT, "Microsoft.Storage/storageAccounts/listKeys/action", False),
    "pull": ActionTarget(REGISTRY, "Microsoft.ContainerRegistry/registries/pull/read", False),
    "read repository": ActionTarget(REGISTRY, "Microsoft.ContainerRegistry/registries/repositories/content/read", True),
    "assign roles": ActionTarget(VAULT, "Microsoft.Authorization/roleAssignments/write", False),
}
EFFECTS: dict[str, tuple[str, ...]] = {
    "Owner": ("write access policies", "list keys", "pull", "assign roles"),
    "Contributor": ("write access policies", "list keys", "pull"),
    "Reader": ("pull",),
    "User Access Administrator": ("pull", "assign roles"),
    "Role Based Access Control Administrator": ("pull", "assign roles"),
    "Key Vault Administrator": ("get secret",),
    "Key Vault Secrets Officer": ("get secret",),
    "Key Vault Secrets User": ("get secret",),
    "Key Vault Reader": (),
    "Key Vault Certificate User": ("get secret",),
    "Key Vault Contributor": ("write access policies",),
    "Key Vault Data Access Administrator": ("assign roles",),
    "Key Vault Purge Operator": (),
    "Storage Blob Data Reader": ("read blob",),
    "Storage Blob Data Contributor": ("read blob",),
    "Storage Blob Data Owner": ("read blob",),
    "Storage Blob Delegator": (),
    "Storage Account Contributor": ("list keys",),
    "Reader and Data Access": ("list keys",),
    "AcrPull": ("pull",),
    "AcrPush": ("pull",),
    "AcrDelete": (),
    "Container Registry Repository Reader": ("read repository",),
    "Container Registry Repository Writer": ("read repository",),
    "Container Registry Repository Contributor": ("read repository",),
    "Container Registry Repository Catalog Lister": (),
    "Website Contributor": (),
    "Web Plan Contributor": (),
    "SQL DB Contributor": (),
    "SQL Server Contributor": (),
    "SQL Security Manager": (),
    "Monitoring Reader": ("pull",),
    "Monitoring Metrics Publisher": (),
}
GUIDS = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "Key Vault Administrator": "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Reader and Data Access": "c12c1c16-33a1-487b-954d-41c89c60f349",
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "Container Registry Repository Reader": "b93aa761-3e63-49ed-ac28-beffa264f7ac",
}


def world(
    *assignments: RoleAssignment,
    roles: tuple[RoleDefinition, ...] = ROLES,
    reach: Listing[RoleAssignment] | None = None,
    denies: tuple[DenyAssignment, ...] = (),
    expiring: tuple[Expiry, ...] = (),
) -> Snapshot:
    reach = reach if reach is not None else Listing(tuple(a for a in assignments if a.principal_id == ME))
    rbac = Authorization(
        SUBSCRIPTION, Listing(assignments), {ME: reach}, Listing(roles), Listing(denies), Listing(expiring)
    )
    return replace(compliant(), authorization={SUBSCRIPTION: rbac})


def assigned(role: str, scope: str, who: str = ME, condition: str | None = None) -> RoleAssignment:
    guid = BUILTIN_ROLES[role].guid if role in BUILTIN_ROLES else role
    number = f"{scope}/assignments/{guid}/{who}"
    return RoleAssignment(number, scope, guid, who, "ServicePrincipal", condition)


@pytest.mark.parametrize("role", BUILTIN_ROLES)
def test_what_a_built_in_role_lets_its_holder_do(role: str) -> None:
    seen = world(assigned(role, SUB))
    allowed = tuple(question for question, target in QUESTIONS.items() if access_of(seen, ME, target).allowed)
    assert allowed == EFFECTS[role]


@pytest.mark.parametrize("role", GUIDS)
def test_the_guid_of_a_built_in_role(role: str) -> None:
    assert BUILTIN_ROLES[role].guid == GUIDS[role]


def test_how_access_comes_is_said_in_words() -> None:
    target = QUESTIONS["get secret"]
    end = datetime(2026, 6, 1, tzinfo=UTC)
    by_group = replace(assigned("Key Vault Secrets User", RG, GROUP), principal_type="Group")
    conditional = assigned("Key Vault Secrets User", VAULT, condition="@Environment[now] DateTimeLessThan 'x'")
    seen = world(
        conditional,
        by_group,
        assigned("Key Vault Administrator", "/"),
        reach=Listing((conditional, by_group, assigned("Key Vault Administrator", "/"))),
        expiring=(Expiry(ME, BUILTIN_ROLES["Key Vault Administrator"].guid, "/", end),),
    )
    access = access_of(seen, ME, target)
    assert access.allowed is True
    assert sorted(grant.words(VAULT) for grant in access.grants) == [
        "Key Vault Administrator, inherited from /, until 2026-06-01",
        "Key Vault Secrets User, through the group bbbbbbbb-2222, inherited from " + RG,
        "Key Vault Secrets User, under a condition that is not evaluated",
    ]


def test_a_condition_of_the_definition_counts_too() -> None:
    block = Permission(data_actions=("*",), condition="@Resource[a:name] StringEquals 'x'")
    custom = RoleDefinition("custom", "Custom", True, (block,))
    seen = world(assigned("custom", RG), roles=(custom,))
    target = QUESTIONS["get secret"]
    assert access_of(seen, ME, target).allowed is None
    assert access_of(seen, ME, replace(target, attributes={"a:name": "x"})).allowed is True
    assert access_of(seen, ME, replace(target, attributes={"a:name": "y"})).allowed is False


def test_holders_are_those_whom_an_assignment_names() -> None:
    seen = world(assigned("AcrPull", REGISTRY), assigned("Reader", SUB, OTHER), assigned("AcrDelete", SUB, GROUP))
    assert [holder.principal_id for holder in holders_of(seen, (QUESTIONS["pull"],)).items] == [ME, OTHER]


def test_a_deny_that_does_not_hold_below_its_scope() -> None:
    lock = DenyAssignment("d", "lock", RG, (Permission(actions=("*",)),), (Denied(ME, None),), (), True)
    target = QUESTIONS["pull"]
    assert access_of(world(assigned("Owner", SUB), denies=(lock,)), ME, target).allowed is True
    here = replace(lock, scope=REGISTRY.upper())
    assert access_of(world(assigned("Owner", SUB), denies=(here,)), ME, target).allowed is False


# --- the oracle: everything is enumerated, nothing is matched -------------------------------------------------------

ACTIONS = ("A/x/read", "A/x/write", "A/x/y/read", "B/x/read", "AA/x/read")
PATTERNS = {  # written out by hand
    "*": set(ACTIONS),
    "A/*": {"A/x/read", "A/x/write", "A/x/y/read"},
    "a/X/*": {"A/x/read", "A/x/write", "A/x/y/read"},
    "*/read": {"A/x/read", "A/x/y/read", "B/x/read", "AA/x/read"},
    "A/*/read": {"A/x/read", "A/x/y/read"},
    "A/x/read": {"A/x/read"},
    "*/x/*": set(ACTIONS),
    "B/x": set[str](),
    "A.x.read": set[str](),
}
MG = "/providers/Microsoft.Management/managementGroups/top"
SCOPES = {  # scope: everything that it lies above, itself included
    "/": {"/", MG, SUB, RG, RG + "2", VAULT, VAULT + "/secrets/s", ACCOUNT},
    MG: {MG, SUB, RG, RG + "2", VAULT, VAULT + "/secrets/s", ACCOUNT},
    SUB: {SUB, RG, RG + "2", VAULT, VAULT + "/secrets/s", ACCOUNT},
    RG: {RG, VAULT, VAULT + "/secrets/s", ACCOUNT},
    RG + "2": {RG + "2"},
    VAULT: {VAULT, VAULT + "/secrets/s"},
    VAULT + "/secrets/s": {VAULT + "/secrets/s"},
    ACCOUNT: {ACCOUNT},
}
TARGETS = tuple(scope for scope in SCOPES if scope.startswith("/subscriptions/"))
patterns = st.lists(st.sampled_from(sorted(PATTERNS)), max_size=2).map(tuple)
blocks = st.builds(Permission, patterns, patterns, patterns, patterns)
definitions = st.lists(blocks, min_size=1, max_size=3).map(tuple)
principals = st.sampled_from([ME, GROUP, OTHER])
grants = st.tuples(st.integers(0, 2), st.sampled_from(sorted(SCOPES)), principals)
denials = st.tuples(
    definitions,
    st.sampled_from(sorted(SCOPES)),
    st.sampled_from([ME, GROUP, OTHER, EVERYONE]),
    st.sampled_from([None, ME, OTHER]),
    st.booleans(),
)


def permitted(blocks: tuple[Permission, ...], *, data: bool) -> set[str]:
    found: set[str] = set()
    for block in blocks:
        take, leave = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
        named: set[str] = set().union(*(PATTERNS[p] for p in take or ()))
        found |= named - set().union(*(PATTERNS[p] for p in leave or ()))
    return found


Blocks = tuple[Permission, ...]
Drawn = tuple[int, str, str]
DrawnDeny = tuple[Blocks, str, str, str | None, bool]
T = TypeVar("T")


class World:
    """A drawn world, and what its snapshot looks like."""

    def __init__(self, roles: list[Blocks], given: list[Drawn], denied: list[DrawnDeny], member: bool) -> None:
        self.roles, self.given, self.denied = roles, given, denied
        self.mine = {ME, GROUP} if member else {ME}
        kinds = {ME: "ServicePrincipal", GROUP: "Group", OTHER: "ServicePrincipal"}
        items = tuple(
            RoleAssignment(f"{number}", scope, f"ROLE-{role}", who, kinds[who])
            for number, (role, scope, who) in enumerate(given)
        )
        self.snapshot = world(
            *items,
            roles=tuple(RoleDefinition(f"role-{n}", f"Role {n}", True, blocks) for n, blocks in enumerate(roles)),
            reach=Listing(tuple(item for item in items if item.principal_id in self.mine)),
            denies=tuple(
                DenyAssignment(
                    f"{number}",
                    "deny",
                    scope,
                    blocks,
                    (Denied(who, kinds.get(who, "SystemDefined")),),
                    (Denied(spared, kinds[spared]),) if spared else (),
                    not_below,
                )
                for number, (blocks, scope, who, spared, not_below) in enumerate(denied)
            ),
        )

    def may(self, action: str, scope: str, *, data: bool) -> bool:
        for blocks, at, who, spared, not_below in self.denied:
            here = at == scope if not_below else scope in SCOPES[at]
            meant = (who == EVERYONE or who in self.mine) and spared not in self.mine
            if here and meant and action in permitted(blocks, data=data):
                return False
        return any(
            who in self.mine and scope in SCOPES[at] and action in permitted(self.roles[role], data=data)
            for role, at, who in self.given
        )


worlds = st.builds(
    World,
    st.lists(definitions, min_size=3, max_size=3),
    st.lists(grants, max_size=4),
    st.lists(denials, max_size=2),
    st.booleans(),
)
questions = st.builds(ActionTarget, st.sampled_from(TARGETS), st.sampled_from(ACTIONS), st.booleans())


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(worlds, questions)
def test_access_is_what_enumeration_says(drawn: World, target: ActionTarget) -> None:
    answer = access_of(drawn.snapshot, ME, target).allowed
    expected = drawn.may(target.action, target.scope, data=target.data)
    if answer is None:  # the only doubt in these worlds: a deny to a group that the principal is not seen to be in
        assert any(GROUP in (who, spared) for _, _, who, spared, _ in drawn.denied)
    else:
        assert answer is expected


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(worlds, st.sampled_from(TARGETS))
def test_out_of_reach_is_who_holds_nothing_at_above_or_below(drawn: World, scope: str) -> None:
    rbac = drawn.snapshot.authorization[SUBSCRIPTION]
    near = any(who in drawn.mine and (scope in SCOPES[at] or at in SCOPES[scope]) for _, at, who in drawn.given)
    assert out_of_reach(drawn.snapshot, scope.upper()) == (frozenset() if near or drawn.denied else {ME})
    for unseen in (replace(rbac, denies=Listing(gap=HIDDEN)), replace(rbac, assigned_to={ME: Listing(gap=HIDDEN)})):
        assert not out_of_reach(replace(drawn.snapshot, authorization={SUBSCRIPTION: unseen}), scope)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(worlds, questions, st.sampled_from(["reach", "assignments", "roles", "denies"]), st.booleans(), st.booleans())
def test_seeing_less_never_concludes_more(
    drawn: World, target: ActionTarget, what: str, keep: bool, both: bool
) -> None:
    before = access_of(drawn.snapshot, ME, target).allowed
    rbac = drawn.snapshot.authorization[SUBSCRIPTION]

    def cut(listing: Listing[T]) -> Listing[T]:
        return Listing(listing.items if keep else listing.items[:1], HIDDEN)

    if what == "reach":
        rbac = replace(rbac, assigned_to={ME: cut(rbac.assigned_to[ME])} if keep else {})
        rbac = replace(rbac, assignments=cut(rbac.assignments)) if both else rbac
    elif what == "assignments":
        rbac = replace(rbac, assignments=cut(rbac.assignments))
    elif what == "roles":
        rbac = replace(rbac, roles=cut(rbac.roles))
    else:
        rbac = replace(rbac, denies=cut(rbac.denies))
    after = access_of(replace(drawn.snapshot, authorization={SUBSCRIPTION: rbac}), ME, target).allowed
    assert after in (before, None)


@settings(max_examples=100, deadline=None)
@given(worlds, questions)
def test_order_and_spelling_do_not_matter(drawn: World, target: ActionTarget) -> None:
    rbac = drawn.snapshot.authorization[SUBSCRIPTION]
    turned = Authorization(
        rbac.subscription,
        Listing(rbac.assignments.items[::-1]),
        {ME.upper(): Listing(rbac.assigned_to[ME].items[::-1])},
        Listing(tuple(replace(role, guid=role.guid.upper()) for role in rbac.roles.items[::-1])),
        Listing(tuple(replace(deny, scope=deny.scope.upper()) for deny in rbac.denies.items[::-1])),
        rbac.expiring,
    )
    one = access_of(drawn.snapshot, ME, target)
    other = access_of(
        replace(drawn.snapshot, authorization={SUBSCRIPTION: turned}),
        ME.upper(),
        replace(target, scope=target.scope.upper() + "/", action=target.action.lower()),
    )
    assert one.allowed is other.allowed
    assert [grant.id for grant in one.grants] == [grant.id for grant in other.grants]
