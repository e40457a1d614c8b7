"""RBAC-004, case by case."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass, Severity
from mzaudit.rules.rbac.container_role import container_role
from mzaudit.snapshot.authorization import Denied, Expiry, Permission
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.storage import AccountProperties
from mzaudit.snapshot.web import Identity
from tests.built_estate import (
    BLOB_READER,
    Bend,
    account_facets,
    ask,
    assigned_to,
    authorization,
    denied,
    gap,
    granted,
    granted_by_group,
    principal,
    revoked,
    service,
    site,
    site_properties,
)
from tests.rules.rbac.roles import BLOB_CONTRIBUTOR, GROUP, READER_AND_DATA_ACCESS, SUB, blob_contributor, keys

CLOUD = service("cloud")
CONTAINER, ACCOUNT = CLOUD.storage[0].container_id, CLOUD.storage[0].account_id
ME = principal(CLOUD)
NONE = revoked(ME, BLOB_READER)
BY_CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals"

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "under a condition that names this container": (
        (NONE, granted(ME, BLOB_READER, CONTAINER, condition=f"{BY_CONTAINER} 'snaps'")),
        Pass,
        "",
    ),
    "under a condition that names another container": (
        (NONE, granted(ME, BLOB_READER, CONTAINER, condition=f"{BY_CONTAINER} 'other'")),
        Fail,
        "has no access",
    ),
    "under a condition on the blob's path": (
        (
            NONE,
            granted(
                ME,
                BLOB_READER,
                CONTAINER,
                condition="@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] "
                "StringLike 'public/*'",
            ),
        ),
        Inconclusive,
        "not evaluated",
    ),
    "the role does not let this container pass": (
        (NONE, granted(ME, BLOB_READER, CONTAINER, condition=f"{BY_CONTAINER} 'other'")),
        Fail,
        "though it holds Storage Blob Data Reader there: check the role's permissions and the condition.",
    ),
    "missing": ((NONE,), Fail, "has no access to the blobs of stmonozuprd/snaps"),
    "missing, where access control lists may let it in": (
        (
            NONE,
            account_facets(
                properties=Observed(AccountProperties(ACCOUNT, "stmonozuprd", False, False, hierarchical=True))
            ),
        ),
        Fail,
        "has no role for the blobs of stmonozuprd/snaps; access control lists are not read.",
    ),
    "missing, and the account is not read": (
        (NONE, account_facets(properties=gap())),
        Fail,
        "has no role for the blobs",
    ),
    "on another container": ((NONE, granted(ME, BLOB_READER, CONTAINER + "-old")), Fail, "has no access"),
    "on the account": ((NONE, granted(ME, BLOB_READER, ACCOUNT)), Fail, "from too broad a scope"),
    "on the subscription": ((NONE, granted(ME, BLOB_READER, SUB)), Fail, "from too broad a scope"),
    "by a role that writes": (
        (NONE, blob_contributor(), granted(ME, BLOB_CONTRIBUTOR, CONTAINER)),
        Fail,
        "by another role",
    ),
    "through a group": ((NONE, granted_by_group(ME, GROUP, BLOB_READER, CONTAINER)), Fail, "through a group"),
    "by the account's keys alone": (
        (NONE, keys(), granted(ME, READER_AND_DATA_ACCESS, ACCOUNT)),
        Fail,
        "has no access",
    ),
    "ending on a date": (
        (authorization(expiring=Listing((Expiry(ME, BLOB_READER, CONTAINER, datetime(2026, 9, 1, tzinfo=UTC)),))),),
        Fail,
        "until 2026-09-01",
    ),
    "denied": (
        (denied(SUB, Permission(data_actions=("*",)), to=(Denied(ME, "ServicePrincipal"),)),),
        Fail,
        "is denied",
    ),
    "the identity is off": (
        (site_properties(CLOUD, identity=Identity((), None, None)),),
        Fail,
        "no system-assigned identity",
    ),
    "the app cannot be read": ((site(CLOUD, properties=gap()),), Inconclusive, ""),
    "the assignments cannot be read": (
        (assigned_to(ME, Listing(gap=gap())), authorization(assignments=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "deny assignments cannot be read": ((authorization(denies=Listing(gap=gap())),), Inconclusive, ""),
    "ends of assignments cannot be read": ((authorization(expiring=Listing(gap=gap())),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_container_role(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(container_role, "cloud/snaps", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_too_broad_is_less_grave_than_missing() -> None:
    verdict = ask(container_role, "cloud/snaps", *CASES["on the account"][0])
    assert isinstance(verdict, Fail)
    assert verdict.severity is Severity.MEDIUM
