"""One planted drift of identity and access, one failure at its cause."""

from __future__ import annotations

import pytest

from mzaudit.engine.results import Status
from mzaudit.rules import load
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.web import Identity
from tests.built_estate import (
    BLOB_READER,
    READER,
    SECRETS_USER,
    TENANT,
    Bend,
    assigned_to,
    findings,
    granted,
    principal,
    revoked,
    service,
    site_properties,
    vault,
    vault_properties,
)
from tests.rules.rbac.roles import SECRETS_OFFICER, STRANGER, SUB, officer

AREAS = ("APP", "IMG", "KV", "RBAC")
MANAGE, CLOUD, INGEST = service("manage"), service("cloud"), service("ingest")
VAULT = vault("manage")
ANEW = Identity(("systemassigned",), STRANGER, TENANT)

DRIFTS: dict[str, tuple[tuple[Bend, ...], set[str]]] = {
    "none": ((), set()),
    "the identity is off, its assignments remain": (
        (site_properties(MANAGE, identity=Identity((), None, None)),),
        {"APP-005 manage"},
    ),
    "the identity was made anew": (
        (site_properties(MANAGE, identity=ANEW), assigned_to(STRANGER, Listing())),
        {"RBAC-001 manage/kv-mz-manage-prd", "RBAC-007 manage", "IMG-007 manage"},
    ),
    "the identity of a service without a vault was made anew": (
        (site_properties(INGEST, identity=ANEW), assigned_to(STRANGER, Listing())),
        {"IMG-007 ingest", "RBAC-007 ingest"},
    ),
    "access policies decide": (
        (vault_properties(VAULT, rbac=False),),
        {"KV-002 kv-mz-manage-prd"},
    ),
    "the role is missing": ((revoked(principal(MANAGE), SECRETS_USER),), {"RBAC-001 manage/kv-mz-manage-prd"}),
    "a stronger role instead": (
        (revoked(principal(MANAGE), SECRETS_USER), officer(), granted(principal(MANAGE), SECRETS_OFFICER, VAULT.id)),
        {"RBAC-001 manage/kv-mz-manage-prd"},
    ),
    "a stronger role beside it": (
        (officer(), granted(principal(MANAGE), SECRETS_OFFICER, VAULT.id)),
        {"RBAC-006 manage"},
    ),
    "the vault leaks to another service": (
        (granted(principal(CLOUD), SECRETS_USER, VAULT.id),),
        {"RBAC-002 kv-mz-manage-prd"},
    ),
    "a stranger reads the vault": (
        (granted(STRANGER, SECRETS_USER, VAULT.id),),
        {"RBAC-003 kv-mz-manage-prd"},
    ),
    "the blobs leak to another service": (
        (granted(principal(MANAGE), BLOB_READER, CLOUD.storage[0].account_id),),
        {"RBAC-005 stmonozuprd/snaps"},
    ),
    "a role that nothing documents": ((granted(principal(INGEST), READER, SUB),), {"RBAC-006 ingest"}),
    "the role on the container is missing": ((revoked(principal(CLOUD), BLOB_READER),), {"RBAC-004 cloud/snaps"}),
    "the role on the container is too broad": (
        (revoked(principal(CLOUD), BLOB_READER), granted(principal(CLOUD), BLOB_READER, CLOUD.storage[0].account_id)),
        {"RBAC-004 cloud/snaps"},
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_one_drift_one_failure(drift: str) -> None:
    bends, expected = DRIFTS[drift]
    rules = tuple(rule for rule in load() if rule.area in (*AREAS, "BLOB"))
    seen = findings(rules, *bends)
    failed = {f"{f.rule} {f.subject.name}" for f in seen if f.status is Status.FAIL and f.rule.split("-")[0] in AREAS}
    assert failed == expected
    undecided = [f for f in seen if f.status is Status.INCONCLUSIVE and f.rule.startswith("RBAC")]
    assert not undecided
