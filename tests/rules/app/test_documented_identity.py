"""APP-005, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.engine.az_cli import placeholders
from mzaudit.policy.desired import DesiredIdentity
from mzaudit.rules.app.documented_identity import documented_identity
from mzaudit.snapshot.observed import Listing, Observed, Unobserved
from mzaudit.snapshot.text import ids
from mzaudit.snapshot.user_identities import UserIdentity, UserIdentityProperties
from mzaudit.snapshot.web import Identity, Runtime, SiteContainer, UserAssigned
from tests.built_estate import Bend, ask, bent, gap, said, service, site, site_config, site_properties
from tests.written import container_of

CLOUD = service("cloud")
USER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shared"


def identity(*types: str, principal: str | None = "11111111-1111-1111-1111-111111111111") -> Bend:
    return site_properties(CLOUD, identity=Identity(types, principal, None))


def containers(auth: str | None, *, cut: bool = False) -> tuple[Bend, ...]:
    main = SiteContainer(container_of("main", "acrmonozu.azurecr.io/cloud-backend:1", True, auth), False, None)
    return (
        site_config(CLOUD, runtime=Runtime("sitecontainers")),
        site(CLOUD, containers=Listing((main,), gap() if cut else None)),
    )


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "a user-assigned one beside it": ((identity("systemassigned", "userassigned"),), Pass, ""),
    "none": ((identity(principal=None),), Fail, "has no system-assigned identity"),
    "only a user-assigned one": ((identity("userassigned", principal=None),), Fail, "no system-assigned identity"),
    "without a principal": ((identity("systemassigned", principal=None),), Inconclusive, "identity.principalId"),
    "references: Azure silent": ((site_properties(CLOUD, key_vault_reference_identity=None),), Pass, ""),
    "references: empty": ((site_config(CLOUD, key_vault_reference_identity=""),), Pass, ""),
    "references: in another case": (
        (site_properties(CLOUD, key_vault_reference_identity="systemassigned"),),
        Pass,
        "",
    ),
    "references: another identity": (
        (
            site_properties(CLOUD, key_vault_reference_identity=USER),
            site_config(CLOUD, key_vault_reference_identity=USER),
        ),
        Fail,
        "not resolved with its system-assigned identity",
    ),
    "references: another identity, on the site alone": (
        (
            site_properties(CLOUD, key_vault_reference_identity=USER),
            site_config(CLOUD, key_vault_reference_identity=None),
        ),
        Fail,
        "not resolved with its system-assigned identity",
    ),
    "references: another identity, in config/web alone": (
        (
            site_properties(CLOUD, key_vault_reference_identity=None),
            site_config(CLOUD, key_vault_reference_identity=USER),
        ),
        Fail,
        "not resolved with its system-assigned identity",
    ),
    "references: two identities": (
        (site_config(CLOUD, key_vault_reference_identity=USER),),
        Inconclusive,
        "",
    ),
    "pulls: empty": ((site_config(CLOUD, acr_user_managed_identity=""),), Pass, ""),
    "pulls: another identity": (
        (site_config(CLOUD, acr_user_managed_identity="22222222-2222-2222-2222-222222222222"),),
        Fail,
        "pulls its image with another identity",
    ),
    "site container: the system identity": (containers("SystemIdentity"), Pass, ""),
    "site container: credentials are IMG-007's business": (containers("UserCredentials"), Pass, ""),
    "site container: another identity": (containers("UserAssigned"), Fail, "The container main"),
    "site container: another identity, list cut short": (containers("userassigned", cut=True), Fail, "main"),
    "site containers cut short": (containers("SystemIdentity", cut=True), Inconclusive, "forbidden"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
    "configuration refused, identity off": ((site(CLOUD, config=gap()), identity(principal=None)), Fail, "no system"),
    "app refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


def test_switching_it_on_says_which_grants_follow() -> None:
    verdict = ask(documented_identity, "cloud", identity(principal=None))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    first, *grants = verdict.fix.commands
    assert first == "az webapp identity assign --name app-monozu-cloud-prd --resource-group rg-monozu-prd"
    assert [(grant.split(" --role ")[1].split(" --assignee")[0], ids.name(grant.split()[-1])) for grant in grants] == [
        ("AcrPull", "acrmonozu"),
        ("'Key Vault Secrets User'", "kv-mz-cloud-prd"),
        ("'Storage Blob Data Reader'", "snaps"),
    ]
    assert all(placeholders(grant) == ("PRINCIPAL_ID_OF_THE_APP",) for grant in grants)


@pytest.mark.parametrize("case", CASES)
def test_documented_identity(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(documented_identity, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


OID, CLIENT = "0b0b0b0b-0000-0000-0000-000000000001", "0b0b0b0b-0000-0000-0000-000000000002"
SHARED = replace(CLOUD, acts_as="user", identity=DesiredIdentity("prd", "shared", "id-shared", USER, "p.yaml:2"))


def attached(principal: str | None = OID, resource: str = USER.upper(), references: str | None = USER) -> Bend:
    """The app carries a user-assigned identity, alone."""
    one = UserAssigned(resource, principal, CLIENT)
    return site_properties(
        CLOUD, identity=Identity(("userassigned",), None, None, (one,)), key_vault_reference_identity=references
    )


def itself(principal: str | None = OID) -> Bend:
    """What the identity's own read told; nothing, where it has no principal."""
    told = UserIdentityProperties(USER, "id-shared", principal, CLIENT) if principal is not None else None
    return lambda seen: replace(seen, user_identities={ids.key(USER): UserIdentity(USER, Observed(told))})


USES = site_config(CLOUD, key_vault_reference_identity=USER, acr_user_managed_identity=CLIENT.upper())
BY_USER: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((attached(), itself(), USES), Pass, ""),
    "it does not exist": ((attached(), itself(None), USES), Fail, "id-shared of app-monozu-cloud-prd does not exist"),
    "it is not attached": ((itself(), USES), Fail, "does not have its user-assigned identity id-shared"),
    "another one is attached": ((attached(resource=f"{USER}-2"), itself(), USES), Fail, "does not have its"),
    "attached, its principal not told": ((attached(None), itself(), USES), Inconclusive, "principalId of"),
    "two values of its principal": ((attached(), itself(CLIENT), USES), Inconclusive, "two values of principalId"),
    "its own read refused": ((attached(), USES), Inconclusive, ""),
    "references by the system's": (
        (attached(references=None), itself(), site_config(CLOUD, key_vault_reference_identity="SystemAssigned")),
        Fail,
        "not resolved with its user-assigned identity id-shared",
    ),
    "pulls by another": (
        (attached(), itself(), USES, site_config(CLOUD, acr_user_managed_identity=OID)),
        Fail,
        "pulls its image with another identity",
    ),
}


@pytest.mark.parametrize("case", BY_USER)
def test_a_documented_user_assigned_identity(case: str) -> None:
    bends, kind, words = BY_USER[case]
    verdict: Verdict
    try:
        verdict = documented_identity.check(SHARED, bent(*bends))
    except Unobserved as unseen:
        verdict = Inconclusive(unseen.gaps)
    assert type(verdict) is kind, said(verdict)
    assert words in said(verdict)


def test_an_app_documented_to_have_no_identity_is_not_asked() -> None:
    assert isinstance(documented_identity.check(replace(CLOUD, acts_as="none"), bent()), NotApplicable)
