"""RBAC-007, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.subjects import SucceededService, each_succeeded_service
from mzaudit.policy.desired import DesiredAccess
from mzaudit.rules.rbac.ghost_principal import ghost_principal
from mzaudit.snapshot.observed import Listing
from tests.built_estate import (
    ACR_PULL,
    AUDITOR,
    BLOB_READER,
    READER,
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
    wanted,
)
from tests.rules.rbac.roles import OWNER, STRANGER, SUB

CLOUD, INGEST = service("cloud"), service("ingest")
VAULT = vault("cloud")
CONTAINER = CLOUD.storage[0].container_id
REGISTRY = CLOUD.registry.id
CUT: Bend = lambda seen: authorization(assignments=replace(seen.access(VAULT.id).assignments, gap=gap()))(seen)  # noqa: E731

CASES: dict[str, tuple[str, tuple[Bend, ...], type, str]] = {
    "as documented": ("cloud", (), Pass, ""),
    "the documented role on the vault": (
        "cloud",
        (granted(STRANGER, SECRETS_USER, VAULT.id),),
        Fail,
        f"{STRANGER}, which is not an identity of the estate, holds Key Vault Secrets User",
    ),
    "spelt in another case": ("cloud", (granted(STRANGER.upper(), SECRETS_USER.upper(), VAULT.id.upper()),), Fail, ""),
    "the documented role on the container": ("cloud", (granted(STRANGER, BLOB_READER, CONTAINER),), Fail, "snaps"),
    "the identity was made anew": (
        "cloud",
        (revoked(principal(CLOUD), SECRETS_USER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Fail,
        "former identity of app-monozu-cloud-prd",
    ),
    "another role on the vault": ("cloud", (granted(STRANGER, READER, VAULT.id),), Pass, ""),
    "the documented role further up": ("cloud", (granted(STRANGER, SECRETS_USER, SUB),), Pass, ""),
    "a person": ("cloud", (granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="User"),), Pass, ""),
    "the auditor": ("cloud", (granted(AUDITOR.object_id, SECRETS_USER, VAULT.id),), Pass, ""),
    "a slot of the service": (
        "cloud",
        (slot(CLOUD, "blue", STRANGER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Pass,
        "",
    ),
    "another documented service": ("cloud", (granted(principal(INGEST), SECRETS_USER, VAULT.id),), Pass, ""),
    "a principal that Azure calls unknown, with whatever role": (
        "cloud",
        (granted(STRANGER, OWNER, VAULT.id, principal_type="Unknown"),),
        Fail,
        f"the role {OWNER}",
    ),
    "a principal that Azure calls unknown, elsewhere": (
        "cloud",
        (granted(STRANGER, OWNER, SUB, principal_type="Unknown"),),
        Pass,
        "",
    ),
    "somebody else pulls from the registry": ("cloud", (granted(STRANGER, ACR_PULL, REGISTRY),), Pass, ""),
    "somebody else pulls, and so does the ingestor": ("ingest", (granted(STRANGER, ACR_PULL, REGISTRY),), Pass, ""),
    "somebody else pulls, and the ingestor does not": (
        "ingest",
        (revoked(principal(INGEST), ACR_PULL), granted(STRANGER, ACR_PULL, REGISTRY)),
        Fail,
        "AcrPull",
    ),
    "somebody else pulls, and the list is cut short": (
        "ingest",
        (revoked(principal(INGEST), ACR_PULL), granted(STRANGER, ACR_PULL, REGISTRY), CUT),
        Inconclusive,
        "",
    ),
    "found, and an identity unread": (
        "cloud",
        (granted(STRANGER, SECRETS_USER, VAULT.id), site(INGEST, properties=gap())),
        Inconclusive,
        "",
    ),
    "found, and slots unread": (
        "cloud",
        (granted(STRANGER, SECRETS_USER, VAULT.id), site(CLOUD, slots=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "found, and the auditor unknown": (
        "cloud",
        (granted(STRANGER, SECRETS_USER, VAULT.id), lambda seen: replace(seen, caller=None)),
        Inconclusive,
        "",
    ),
    "surely gone, and an identity unread": (
        "cloud",
        (granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="Unknown"), site(INGEST, properties=gap())),
        Fail,
        "",
    ),
    "nothing found, and an identity unread": ("cloud", (site(INGEST, properties=gap()),), Pass, ""),
    "the assignments cut short": ("cloud", (CUT,), Inconclusive, ""),
    "the app cannot be read": ("cloud", (site(CLOUD, properties=gap()),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_ghost_principal(case: str) -> None:
    name, bends, kind, words = CASES[case]
    verdict = ask(ghost_principal, name, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


REACHED = DesiredAccess("Reader", "bus", VAULT.id, "p.yaml:1")
PULLED = DesiredAccess("AcrPull", "base", REGISTRY, "p.yaml:2")
FURTHER: dict[str, tuple[DesiredAccess, frozenset[str], type]] = {
    "a stranger holds a role of its access": (REACHED, frozenset(), Fail),
    "somebody whom the policy names holds it": (REACHED, frozenset({STRANGER.casefold()}), Pass),
    "a stranger pulls from a further registry": (PULLED, frozenset(), Pass),
}


@pytest.mark.parametrize("case", FURTHER)
def test_further_access(case: str) -> None:
    access, named, kind = FURTHER[case]
    role = {"Reader": READER, "AcrPull": ACR_PULL}[access.role]
    service = replace(CLOUD, access=(access,))
    want = SucceededService(service, wanted().services, named)
    assert type(ghost_principal.check(want, bent(granted(STRANGER, role, access.scope)))) is kind


@pytest.mark.parametrize(
    ("shared", "bends", "kind"),
    [
        (False, (), Fail),
        (True, (), Pass),
        (True, (revoked(principal(CLOUD), SECRETS_USER),), Fail),
        (True, (granted(STRANGER, READER, VAULT.id, principal_type="Unknown"),), Fail),
    ],
    ids=["its own vault", "shared, and it reads it", "shared, and it does not read it", "shared, and nobody is known"],
)
def test_what_other_environments_use_too(shared: bool, bends: tuple[Bend, ...], kind: type) -> None:
    """The former identity may be that of another environment's app."""
    ids = frozenset({VAULT.id.casefold()}) if shared else frozenset[str]()
    want = SucceededService(CLOUD, wanted().services, frozenset(), ids)
    assert type(ghost_principal.check(want, bent(granted(STRANGER, SECRETS_USER, VAULT.id), *bends))) is kind


def test_what_services_of_one_environment_share_is_theirs_alone() -> None:
    bound = wanted()
    assert {one.want.shared for one in each_succeeded_service(bound, bound.environments["prd"])} == {frozenset()}
