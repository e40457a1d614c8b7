"""RBAC-005, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.evaluate import verdict_of
from mzaudit.rules.rbac.container_isolation import container_isolation
from mzaudit.snapshot.authorization import Permission
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.storage import AccountProperties
from tests.built_estate import (
    BLOB_READER,
    SECRETS_USER,
    Bend,
    account_facets,
    ask,
    authorization,
    bent,
    gap,
    granted,
    granted_by_group,
    principal,
    role,
    service,
    site,
    slot,
    wanted,
)
from tests.rules.rbac.roles import (
    BLOB_CONTRIBUTOR,
    GROUP,
    OWNER,
    READER_AND_DATA_ACCESS,
    STRANGER,
    SUB,
    blob_contributor,
    keys,
    owner,
)

REGENERATE = "Microsoft.Storage/storageAccounts/regeneratekey/action"
STORAGE = wanted().environments["prd"].storage[0]
MANAGE = service("manage")
FOREIGN = principal(MANAGE)
UNREAD = site(MANAGE, properties=gap())


def ways(**flags: bool | None) -> Bend:
    properties = AccountProperties(STORAGE.account_id, STORAGE.account, False, False, **flags)
    return account_facets(properties=Observed(properties))


def shared_key(allowed: bool | None) -> Bend:
    properties = AccountProperties(STORAGE.account_id, STORAGE.account, allowed, False)
    return account_facets(properties=Observed(properties))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "another service on the container": (
        (granted(FOREIGN, BLOB_READER, STORAGE.container_id),),
        Fail,
        "The identity of manage of prd can reach the blobs of stmonozuprd/snaps",
    ),
    "on the account": ((granted(FOREIGN, BLOB_READER, STORAGE.account_id),), Fail, "inherited from"),
    "by a role that writes": (
        (blob_contributor(), granted(FOREIGN, BLOB_CONTRIBUTOR, SUB)),
        Fail,
        "Storage Blob Data Contributor",
    ),
    "through a group": (
        (granted_by_group(FOREIGN, GROUP, BLOB_READER, STORAGE.container_id),),
        Fail,
        f"the group {GROUP}",
    ),
    "the same service of another environment": (
        (granted(principal(service("cloud", "stg")), BLOB_READER, STORAGE.container_id),),
        Fail,
        "cloud of stg",
    ),
    "a slot of another service": (
        (slot(MANAGE, "blue", STRANGER), granted(STRANGER, BLOB_READER, STORAGE.container_id)),
        Fail,
        "slot blue",
    ),
    "a slot of the service itself": (
        (slot(service("cloud"), "blue", STRANGER), granted(STRANGER, BLOB_READER, STORAGE.container_id)),
        Pass,
        "",
    ),
    "with the account's keys": (
        (keys(), granted(FOREIGN, READER_AND_DATA_ACCESS, STORAGE.account_id), shared_key(True)),
        Fail,
        "Reader and Data Access",
    ),
    "with the account's keys, and Azure does not say whether they count": (
        (keys(), granted(FOREIGN, READER_AND_DATA_ACCESS, STORAGE.account_id), shared_key(None)),
        Fail,
        "Reader and Data Access",
    ),
    "with the account's keys, made anew": (
        (
            role(READER_AND_DATA_ACCESS, "Key Rotator", Permission(actions=(REGENERATE,))),
            granted(FOREIGN, READER_AND_DATA_ACCESS, STORAGE.account_id),
            shared_key(True),
        ),
        Fail,
        "Key Rotator",
    ),
    "with the account's keys, by Owner": ((owner(), granted(FOREIGN, OWNER, SUB), shared_key(True)), Fail, "Owner"),
    "with keys that the account refuses": (
        (keys(), granted(FOREIGN, READER_AND_DATA_ACCESS, STORAGE.account_id), shared_key(False)),
        Pass,
        "",
    ),
    "with the account's keys, and the account unread": (
        (
            keys(),
            granted(FOREIGN, READER_AND_DATA_ACCESS, STORAGE.account_id),
            account_facets(properties=gap()),
        ),
        Inconclusive,
        "",
    ),
    "nobody has the keys, and the account unread": ((account_facets(properties=gap()),), Inconclusive, ""),
    "another data role": ((granted(FOREIGN, SECRETS_USER, SUB),), Pass, ""),
    "a stranger is nobody's service": ((granted(STRANGER, BLOB_READER, STORAGE.container_id),), Pass, ""),
    "an unread identity, and it has access": (
        (granted(FOREIGN, BLOB_READER, STORAGE.container_id), UNREAD),
        Inconclusive,
        "",
    ),
    "an unread identity, everybody attributed": ((UNREAD,), Pass, ""),
    "an unread identity, and a group with the keys": (
        (UNREAD, owner(), granted(GROUP, OWNER, SUB, principal_type="Group"), shared_key(True)),
        Inconclusive,
        "",
    ),
    "an unread identity, and the assignments cut short": (
        (
            UNREAD,
            lambda seen: authorization(assignments=replace(seen.access(MANAGE.id).assignments, gap=gap()))(seen),
        ),
        Inconclusive,
        "",
    ),
    "a hierarchical namespace": ((ways(hierarchical=True),), Inconclusive, "without a role"),
    "a hierarchical namespace, and another service on the container": (
        (ways(hierarchical=True), granted(FOREIGN, BLOB_READER, STORAGE.container_id)),
        Fail,
        "The identity of manage of prd",
    ),
    "SFTP with local users": ((ways(sftp=True, local_users=True),), Inconclusive, "without a role"),
    "SFTP, and nothing said of local users": ((ways(sftp=True),), Inconclusive, "without a role"),
    "SFTP without local users": ((ways(sftp=True, local_users=False),), Pass, ""),
    "local users without SFTP": ((ways(local_users=True),), Pass, ""),
    "NFS": ((ways(nfs=True),), Inconclusive, "without a role"),
    "neither of them": ((ways(hierarchical=False, sftp=False, local_users=False, nfs=False),), Pass, ""),
    "deny assignments unread, and another service has access": (
        (granted(FOREIGN, BLOB_READER, STORAGE.container_id), authorization(denies=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_container_isolation(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(container_isolation, "stmonozuprd/snaps", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


ANSWERED: dict[str, tuple[tuple[Bend, ...], type]] = {
    "a hierarchical namespace": ((ways(hierarchical=True),), Pass),
    "SFTP and NFS": ((ways(sftp=True, nfs=True),), Pass),
    "neither of them": ((), Pass),
    "a hierarchical namespace, and another service on the container": (
        (ways(hierarchical=True), granted(FOREIGN, BLOB_READER, STORAGE.container_id)),
        Fail,
    ),
    "a hierarchical namespace, and an unread identity with access": (
        (ways(hierarchical=True), granted(FOREIGN, BLOB_READER, STORAGE.container_id), UNREAD),
        Inconclusive,
    ),
    "the account unread": ((account_facets(properties=gap()),), Inconclusive),
}


@pytest.mark.parametrize("case", ANSWERED)
def test_what_the_policy_answers_for_leaves_roles_and_keys_to_be_judged(case: str) -> None:
    bends, kind = ANSWERED[case]
    bound = wanted()
    (subject,) = container_isolation.over(bound, bound.environments["prd"])
    said = replace(STORAGE, without_roles="the data platform reviews its lists each quarter")
    verdict = verdict_of(container_isolation, replace(subject, want=replace(subject.want, storage=said)), bent(*bends))
    assert type(verdict) is kind
    if isinstance(verdict, Pass):
        ways_in = [one for one in verdict.evidence if one.observed == "not read"]
        assert bool(ways_in) == ("each quarter" in verdict.note) == (case != "neither of them")
