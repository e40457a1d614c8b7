"""RBAC-003, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.subjects import OtherServices, each_guarded_vault
from mzaudit.policy.desired import DesiredPrincipal
from mzaudit.rules.rbac.vault_readers import vault_readers
from mzaudit.snapshot.keyvault import AccessPolicy
from mzaudit.snapshot.observed import Listing, Observed
from tests.built_estate import (
    AUDITOR,
    SECRETS_USER,
    Bend,
    ask,
    authorization,
    bent,
    gap,
    granted,
    principal,
    revoked,
    service,
    site,
    slot,
    vault,
    vault_facets,
    vault_properties,
    wanted,
)
from tests.rules.rbac.roles import GROUP, OWNER, SECRETS_OFFICER, STRANGER, SUB, officer, owner

VAULT = vault("manage")
MANAGE = service("manage")
ME = principal(MANAGE)


def policy(who: str, *rights: str, application: str | None = None) -> Bend:
    return vault_properties(VAULT, rbac=None, access_policies=(AccessPolicy(who, application, rights),))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "the auditor": ((granted(AUDITOR.object_id, SECRETS_USER, VAULT.id),), Pass, ""),
    "a slot of the vault's own service": (
        (slot(MANAGE, "blue", STRANGER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Pass,
        "",
    ),
    "another service's identity is RBAC-002's": (
        (granted(principal(service("cloud")), SECRETS_USER, VAULT.id),),
        Pass,
        "",
    ),
    "the app moved, and its identity reads the vault by the documented role": (
        (site(MANAGE, properties=Observed(None)),),
        Pass,
        "",
    ),
    "the app moved, and its identity reads the vault by another role": (
        (
            site(MANAGE, properties=Observed(None)),
            revoked(ME, SECRETS_USER),
            officer(),
            granted(ME, SECRETS_OFFICER, VAULT.id),
        ),
        Inconclusive,
        "",
    ),
    "the app moved, and a person reads the vault": (
        (site(MANAGE, properties=Observed(None)), granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="User")),
        Fail,
        STRANGER,
    ),
    "a person": (
        (granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="User"),),
        Fail,
        f"User {STRANGER} (Key Vault Secrets User, directly)",
    ),
    "a group": ((granted(GROUP, SECRETS_USER, VAULT.id, principal_type="Group"),), Fail, f"Group {GROUP}"),
    "an application": ((granted(STRANGER, SECRETS_USER, VAULT.id),), Fail, f"ServicePrincipal {STRANGER}"),
    "from the subscription": (
        (officer(), granted(STRANGER, SECRETS_OFFICER, SUB, principal_type="User")),
        Fail,
        "inherited from /subscriptions/",
    ),
    "of one secret": ((granted(STRANGER, SECRETS_USER, f"{VAULT.id}/secrets/SECRET-KEY"),), Fail, "SECRET-KEY alone"),
    "an access policy": ((policy(STRANGER, "get"),), Fail, "access policy"),
    "an access policy of the vault's own service": ((policy(ME, "get"),), Pass, ""),
    "an access policy without get": ((policy(STRANGER, "list"),), Pass, ""),
    "access policies decide, and a role has no effect": (
        (granted(STRANGER, SECRETS_USER, VAULT.id), policy(ME, "get")),
        Pass,
        "",
    ),
    "an access policy under RBAC has no effect": (
        (vault_properties(VAULT, access_policies=(AccessPolicy(STRANGER, None, ("get",)),)),),
        Pass,
        "",
    ),
    "an inherited Owner may grant itself access": (
        (owner(), granted(STRANGER, OWNER, SUB, principal_type="User")),
        Pass,
        "",
    ),
    "a principal that Azure calls unknown is RBAC-007's": (
        (granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="Unknown"),),
        Pass,
        "",
    ),
    "what looks like the former identity is RBAC-007's": (
        (revoked(ME, SECRETS_USER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Pass,
        "",
    ),
    "a second holder next to the service's own identity": (
        (granted(STRANGER, SECRETS_USER, VAULT.id),),
        Fail,
        "does not name it",
    ),
    "an application, and an identity unread": (
        (granted(STRANGER, SECRETS_USER, VAULT.id), site(MANAGE, properties=gap())),
        Inconclusive,
        "",
    ),
    "an application, and slots unread": (
        (granted(STRANGER, SECRETS_USER, VAULT.id), site(MANAGE, slots=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "an application, and slots of another environment unread, which are not looked at": (
        (granted(STRANGER, SECRETS_USER, VAULT.id), site(service("manage", "stg"), slots=Listing(gap=gap()))),
        Fail,
        "does not name it",
    ),
    "a person, and an identity unread": (
        (
            granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="User"),
            site(service("cloud"), properties=gap()),
        ),
        Fail,
        "User",
    ),
    "a person, and the auditor unknown": (
        (granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="User"), lambda seen: replace(seen, caller=None)),
        Inconclusive,
        "",
    ),
    "an application, and role definitions unread": (
        (granted(STRANGER, SECRETS_USER, VAULT.id), authorization(roles=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "the assignments cut short": (
        (lambda seen: authorization(assignments=replace(seen.access(VAULT.id).assignments, gap=gap()))(seen),),
        Inconclusive,
        "",
    ),
    "access policies decide, and cannot be read": (
        (vault_properties(VAULT, rbac=False, access_policies=None),),
        Inconclusive,
        "",
    ),
    "access policies do not decide, and cannot be read": ((vault_properties(VAULT, access_policies=None),), Pass, ""),
    "the vault cannot be read": ((vault_facets(VAULT, properties=gap()),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_vault_readers(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(vault_readers, VAULT.name, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_a_reader_that_the_policy_names_is_accounted_for() -> None:
    bound = wanted()
    subject = next(s for s in each_guarded_vault(bound, bound.environments["prd"]) if s.name == VAULT.name)
    readers = (DesiredPrincipal(STRANGER.upper(), "break-glass"),)
    named = replace(subject.want, vault=replace(subject.want.vault, readers=readers))
    seen = bent(granted(STRANGER, SECRETS_USER, VAULT.id))
    assert isinstance(vault_readers.check(subject.want, seen), Fail)
    assert isinstance(vault_readers.check(named, seen), Pass)


def test_a_vault_that_no_service_reads_has_no_former_reader() -> None:
    bound = wanted()
    subject = next(s for s in each_guarded_vault(bound, bound.environments["prd"]) if s.name == VAULT.name)
    seen = bent(revoked(ME, SECRETS_USER), granted(STRANGER, SECRETS_USER, VAULT.id))
    assert isinstance(vault_readers.check(subject.want, seen), Pass), "it looks like a former identity (RBAC-007)"
    unread = replace(subject.want, owners=(), others=OtherServices(bound.services))
    assert isinstance(vault_readers.check(unread, seen), Fail)


def test_who_may_grant_itself_access_is_listed() -> None:
    verdict = ask(vault_readers, VAULT.name, *CASES["an inherited Owner may grant itself access"][0])
    assert isinstance(verdict, Pass)
    assert any(STRANGER in str(item.observed) and "Owner" in str(item.observed) for item in verdict.evidence[1:])


def test_what_the_vault_gives_the_platform_is_listed() -> None:
    flags = vault_properties(VAULT, template_deployment=True, deployment=True, disk_encryption=True)
    verdict = ask(vault_readers, VAULT.name, flags, *CASES["an inherited Owner may grant itself access"][0])
    assert isinstance(verdict, Pass)
    listed = {item.at.rpartition("/")[2] for item in verdict.evidence if item.observed is True}
    assert listed == {"enabledForTemplateDeployment", "enabledForDeployment", "enabledForDiskEncryption"}
    through = [item for item in verdict.evidence if str(item.expected).endswith("through a deployment")]
    assert len(through) == 1
    assert STRANGER in str(through[0].observed)
