"""RBAC-001, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass, Severity
from mzaudit.engine.subjects import SecretsReader
from mzaudit.rules.rbac.vault_role import vault_role
from mzaudit.snapshot.authorization import Denied, Expiry, Permission
from mzaudit.snapshot.keyvault import AccessPolicy
from mzaudit.snapshot.observed import Listing, Unobserved
from mzaudit.snapshot.web import Identity
from tests.built_estate import (
    SECRETS_USER,
    Bend,
    ask,
    assigned_to,
    authorization,
    bent,
    denied,
    gap,
    granted,
    granted_by_group,
    principal,
    revoked,
    said,
    service,
    site,
    site_properties,
    vault,
    vault_facets,
    vault_properties,
)
from tests.rules.rbac.roles import (
    GET_SECRET,
    GROUP,
    MANAGEMENT_GROUP,
    SECRETS_OFFICER,
    STRANGER,
    SUB,
    for_secrets,
    officer,
)

CLOUD = service("cloud")
VAULT = vault("cloud")
ME = principal(CLOUD)
NONE = revoked(ME, SECRETS_USER)
GROUP_SCOPE = VAULT.id.split("/providers/")[0]
NAMES = tuple(secret.stored for secret in VAULT.secrets)
DENY = Permission(data_actions=("Microsoft.KeyVault/vaults/secrets/*",))


def in_another_case() -> Bend:
    return granted(ME, SECRETS_USER.upper(), VAULT.id.upper() + "/", principal_id=ME.upper())


def policy(*rights: str, who: str = ME, application: str | None = None) -> Bend:
    return vault_properties(VAULT, rbac=None, access_policies=(AccessPolicy(who, application, rights),))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "role, scope and principal spelt in another case": ((NONE, in_another_case()), Pass, ""),
    "a stronger role beside the documented one is RBAC-006's": (
        (officer(), granted(ME, SECRETS_OFFICER, VAULT.id)),
        Pass,
        "",
    ),
    "under a condition that lets every documented secret pass": (
        (NONE, granted(ME, SECRETS_USER, VAULT.id, condition=for_secrets(*NAMES))),
        Pass,
        "",
    ),
    "under a condition that names another vault": (
        (
            NONE,
            granted(
                ME, SECRETS_USER, VAULT.id, condition="@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'other'"
            ),
        ),
        Fail,
        "has no access",
    ),
    "under a condition that leaves one secret out": (
        (NONE, granted(ME, SECRETS_USER, VAULT.id, condition=for_secrets(*NAMES[1:]))),
        Fail,
        f"all but {NAMES[0]}",
    ),
    "under a condition that is not evaluated": (
        (NONE, granted(ME, SECRETS_USER, VAULT.id, condition="@Environment[UtcNow] DateTimeLessThan '2027'")),
        Inconclusive,
        "condition that is not evaluated",
    ),
    "missing": ((NONE,), Fail, "has no access"),
    "given to somebody else": ((NONE, granted(STRANGER, SECRETS_USER, VAULT.id)), Fail, "has no access"),
    "on another service's vault": ((NONE, granted(ME, SECRETS_USER, vault("manage").id)), Fail, "has no access"),
    "on a vault whose name begins like this one's": (
        (NONE, granted(ME, SECRETS_USER, VAULT.id + "x")),
        Fail,
        "has no access",
    ),
    "on one secret alone": (
        (NONE, granted(ME, SECRETS_USER, f"{VAULT.id}/secrets/{NAMES[0]}")),
        Fail,
        "It reaches only part",
    ),
    "on every secret for itself": (
        (NONE, *(granted(ME, SECRETS_USER, f"{VAULT.id}/secrets/{name}") for name in NAMES)),
        Fail,
        "each part by a grant of its own",
    ),
    "on the resource group": ((NONE, granted(ME, SECRETS_USER, GROUP_SCOPE)), Fail, "from too broad a scope"),
    "on the subscription": ((NONE, granted(ME, SECRETS_USER, SUB)), Fail, f"inherited from {SUB}"),
    "on a management group": (
        (NONE, granted(ME, SECRETS_USER, MANAGEMENT_GROUP)),
        Fail,
        "managementGroups/monozu",
    ),
    "at the root": ((NONE, granted(ME, SECRETS_USER, "/")), Fail, "inherited from /"),
    "by a stronger role": ((NONE, officer(), granted(ME, SECRETS_OFFICER, VAULT.id)), Fail, "by another role"),
    "through a group": ((NONE, granted_by_group(ME, GROUP, SECRETS_USER, VAULT.id)), Fail, f"the group {GROUP}"),
    "ending on a date": (
        (authorization(expiring=Listing((Expiry(ME, SECRETS_USER, VAULT.id, datetime(2026, 5, 1, tzinfo=UTC)),))),),
        Fail,
        "until 2026-05-01",
    ),
    "another assignment ends": (
        (authorization(expiring=Listing((Expiry(ME, SECRETS_USER, SUB, datetime(2026, 5, 1, tzinfo=UTC)),))),),
        Pass,
        "",
    ),
    "denied": ((denied(GROUP_SCOPE, DENY, to=(Denied(ME, "ServicePrincipal"),)),), Fail, "deny assignment lock"),
    "denied to everyone": (
        (denied(GROUP_SCOPE, DENY, to=(Denied("00000000-0000-0000-0000-000000000000", "SystemDefined"),)),),
        Fail,
        "is denied",
    ),
    "denied to everyone but the identity": (
        (
            denied(
                GROUP_SCOPE,
                DENY,
                to=(Denied("00000000-0000-0000-0000-000000000000", "SystemDefined"),),
                but=(Denied(ME, "ServicePrincipal"),),
            ),
        ),
        Pass,
        "",
    ),
    "denied to a group that it may be in": (
        (denied(GROUP_SCOPE, DENY, to=(Denied(GROUP, "Group"),)),),
        Inconclusive,
        "",
    ),
    "denied to somebody else": (
        (denied(GROUP_SCOPE, DENY, to=(Denied(STRANGER, "ServicePrincipal"),)),),
        Pass,
        "",
    ),
    "access policies decide, and let it in": ((policy("Get", "list"),), Fail, "has access by an access policy"),
    "access policies decide, and allow all": ((policy("ALL"),), Fail, "has access by an access policy"),
    "access policies decide, and do not let it in": ((policy("list"),), Fail, "has none by an access policy either"),
    "an access policy of an application": (
        (policy("get", application=STRANGER),),
        Fail,
        "has none by an access policy either",
    ),
    "access policies decide, and name somebody else": (
        (policy("get", who=STRANGER),),
        Fail,
        "has none by an access policy either",
    ),
    "the identity is off": (
        (site_properties(CLOUD, identity=Identity((), None, None)),),
        Fail,
        "has no system-assigned identity",
    ),
    "the app cannot be read": ((site(CLOUD, properties=gap()),), Inconclusive, ""),
    "the vault cannot be read": ((vault_facets(VAULT, properties=gap()),), Inconclusive, ""),
    "the assignments cannot be read": (
        (assigned_to(ME, Listing(gap=gap())), authorization(assignments=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "the role definitions cannot be read": ((authorization(roles=Listing(gap=gap())),), Inconclusive, ""),
    "the definitions do not hold the role": ((authorization(roles=Listing()),), Inconclusive, ""),
    "deny assignments cannot be read": ((authorization(denies=Listing(gap=gap())),), Inconclusive, ""),
    "missing, and deny assignments cannot be read": (
        (NONE, authorization(denies=Listing(gap=gap()))),
        Fail,
        "has no access",
    ),
    "ends of assignments cannot be read": ((authorization(expiring=Listing(gap=gap())),), Inconclusive, ""),
    "a broader grant seen, but not all": (
        (NONE, granted(ME, SECRETS_USER, SUB), authorization(denies=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "a grant through a group, the rest cut off": (
        (
            NONE,
            granted_by_group(ME, GROUP, SECRETS_USER, VAULT.id),
            lambda seen: assigned_to(
                ME,
                replace(seen.access(VAULT.id).assigned_to[ME], gap=gap()),
            )(seen),
        ),
        Inconclusive,
        "",
    ),
}

SEVERITIES = {
    "missing": None,
    "denied": None,
    "by a stronger role": Severity.HIGH,
    "on the resource group": Severity.MEDIUM,
    "on every secret for itself": Severity.MEDIUM,
    "through a group": Severity.LOW,
    "ending on a date": Severity.LOW,
    "access policies decide, and let it in": Severity.HIGH,
    "access policies decide, and do not let it in": None,
}


@pytest.mark.parametrize("case", CASES)
def test_vault_role(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(vault_role, "cloud/kv-mz-cloud-prd", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


@pytest.mark.parametrize("case", SEVERITIES)
def test_ways_of_failing_differ_in_severity(case: str) -> None:
    verdict = ask(vault_role, "cloud/kv-mz-cloud-prd", *CASES[case][0])
    assert isinstance(verdict, Fail)
    assert verdict.severity is SEVERITIES[case]


def test_a_service_without_a_vault_is_not_asked() -> None:
    with pytest.raises(StopIteration):
        ask(vault_role, "ingest/kv-mz-cloud-prd")


def test_the_worst_of_several_ways_gives_the_severity() -> None:
    ways = (NONE, officer(), granted(ME, SECRETS_OFFICER, SUB), granted_by_group(ME, GROUP, SECRETS_USER, VAULT.id))
    verdict = ask(vault_role, "cloud/kv-mz-cloud-prd", *ways)
    assert isinstance(verdict, Fail)
    assert verdict.severity is Severity.HIGH
    assert "through a group" in verdict.note
    assert GET_SECRET not in verdict.note


BY_POLICIES: dict[str, tuple[tuple[Bend, ...], type, str, Severity | None]] = {
    "as documented": ((policy("get", "list"),), Pass, "", None),
    "it may get alone": ((policy("get"),), Pass, "", None),
    "it may list alone": ((policy("list"),), Fail, "No access policy grants", None),
    "it may write": ((policy("get", "set"),), Fail, "grants more than read: set.", Severity.HIGH),
    "it may do all": ((policy("all"),), Fail, "grants more than read: all.", Severity.HIGH),
    "somebody else may": ((policy("get", who=STRANGER),), Fail, "No access policy grants", None),
    "an application may on its behalf": ((policy("get", application=STRANGER),), Fail, "No access policy grants", None),
    "there is none": (
        (vault_properties(VAULT, rbac=False, access_policies=()),),
        Fail,
        "No access policy grants",
        None,
    ),
    "the vault goes by roles": (
        (vault_properties(VAULT, rbac=True, access_policies=(AccessPolicy(ME, None, ("get",)),)),),
        Fail,
        "authorises by RBAC, so that its access policy for app-monozu-cloud-prd has no effect.",
        None,
    ),
    "a role does not count": (
        (policy("list"), granted(ME, SECRETS_USER, VAULT.id)),
        Fail,
        "No access policy grants",
        None,
    ),
    "the policies were not told": (
        (vault_properties(VAULT, rbac=False, access_policies=None),),
        Inconclusive,
        "",
        None,
    ),
    "the identity is off": (
        (policy("get"), site_properties(CLOUD, identity=Identity((), None, None))),
        Fail,
        "no system-assigned identity",
        None,
    ),
}


@pytest.mark.parametrize("case", BY_POLICIES)
def test_a_vault_by_access_policies(case: str) -> None:
    bends, kind, words, severity = BY_POLICIES[case]
    want = SecretsReader(CLOUD, replace(VAULT, by_policies=True))
    try:
        verdict = vault_role.check(want, bent(*bends))
    except Unobserved as unseen:
        verdict = Inconclusive(unseen.gaps)
    assert type(verdict) is kind
    assert words in said(verdict)
    assert not isinstance(verdict, Fail) or verdict.severity is severity
