"""What a policy's resources of other types need: asked for by the type's own read, in the role and at the doctor's."""

from __future__ import annotations

from dataclasses import replace

from mzaudit.azure.required_permissions import NEEDS, PROVIDERS, Role, of_type
from mzaudit.azure.scope import BodyScope, Scope
from mzaudit.doctor.custom_roles import definition
from mzaudit.doctor.examination import examine
from mzaudit.doctor.role_grants import RoleGrant, further, needed
from mzaudit.snapshot.estate import Read
from mzaudit.snapshot.observed import GapReason
from tests.built_estate import SUBSCRIPTION, bent

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
CACHE = f"{GROUP}/providers/Microsoft.Cache/redis/one"
LOCK = f"{CACHE}/providers/Microsoft.Authorization/locks/keep"
CONFIG = f"{GROUP}/providers/Microsoft.Web/sites/one/config/web"


def scope(*bodies: BodyScope) -> Scope:
    return Scope({"prd": SUBSCRIPTION}, bodies=bodies)


def test_a_types_own_read_is_added_and_nothing_else() -> None:
    found = further(
        scope(BodyScope(CACHE, "2024-11-01"), BodyScope(LOCK, "2020-05-01"), BodyScope(CONFIG, "2025-05-01"))
    )
    assert [need.permission for need in found] == ["Microsoft.Authorization/locks/read", "Microsoft.Cache/redis/read"]
    actions = definition(Role.READER, (GROUP,), found)["Actions"]
    assert isinstance(actions, list)
    assert set(actions) - {need.permission for need in NEEDS} == {need.permission for need in found}


def test_a_version_that_is_not_given_takes_the_providers() -> None:
    assert PROVIDERS in further(scope(BodyScope(CACHE)))
    assert further(scope()) == ()


def test_the_reader_is_granted_where_the_resource_is() -> None:
    elsewhere = CACHE.replace(SUBSCRIPTION, "11111111-1111-2222-3333-444444444444")
    subscriptions = {each.scope for each in needed(scope(BodyScope(elsewhere)), values=False)}
    assert subscriptions == {f"/subscriptions/{SUBSCRIPTION}", "/subscriptions/11111111-1111-2222-3333-444444444444"}


def test_the_doctor_names_what_is_lacking() -> None:
    need = of_type("Microsoft.Cache/redis")
    refused = Read(f"GET {CACHE}", CACHE, GapReason.FORBIDDEN.value, need.permission)
    found = examine(replace(bent(), reads=(refused,)), ())
    assert [(place.scope, [lack.need for lack in place.lacks]) for place in found.places] == [(GROUP, [need])]
    assert found.further == (need,)
    assert found.grants == (RoleGrant(Role.READER, GROUP),)
