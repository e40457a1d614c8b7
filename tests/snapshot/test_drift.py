"""What drifted between two snapshots: each facet told once, nothing that one of them did not see, no label."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.saved.snapshot_diff import ChangeKind, FactChange, diff
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.values import ConnectionStringPart, SecretValue
from tests.blindfold import blind, one_less
from tests.built_estate import (
    SECRETS_USER,
    bent,
    compliant,
    gap,
    granted,
    image,
    literal,
    plan,
    principal,
    revoked,
    secret_gone,
    secret_item,
    secret_value,
    service,
    setting,
    site,
    site_properties,
    status,
    value,
    vault,
    vault_facets,
)

CLOUD, MANAGE = service("cloud"), service("manage")
KV, KV_MANAGE = vault("cloud"), vault("manage")
Told = tuple[ChangeKind, str, object, object]

CASES: dict[str, tuple[tuple[Any, ...], set[Told]]] = {
    "a state": (
        (site_properties(CLOUD, state="Stopped"),),
        {(ChangeKind.CHANGED, "properties state", "Running", "Stopped")},
    ),
    "an image": (
        (image(CLOUD, "docker.io/x:latest"),),
        {(ChangeKind.CHANGED, "config runtime containers main image", None, "docker.io/x:latest")},
    ),
    "a secret's expiry": (
        (secret_item(KV, "SECRET-KEY", enabled=False),),
        {(ChangeKind.CHANGED, "secrets SECRET-KEY enabled", True, False)},
    ),
    "a setting that is new": (
        (setting(CLOUD, "EXTRA", literal()),),
        {(ChangeKind.APPEARED, "settings EXTRA", None, "present")},
    ),
    "a setting that has gone": (
        (setting(CLOUD, "SECRET_KEY", None),),
        {
            (ChangeKind.GONE, "settings SECRET_KEY", "present", None),
            (ChangeKind.CHANGED, "references SECRET_KEY vault", KV.name, None),
            (ChangeKind.CHANGED, "references SECRET_KEY secret", "SECRET-KEY", None),
        },
    ),
    "an app that has gone": (
        (site(CLOUD, properties=Observed(None)),),
        {(ChangeKind.CHANGED, "properties", "present", "absent")},
    ),
    "a facet that is not seen now": (
        (site(CLOUD, settings=gap()),),
        {(ChangeKind.UNSEEN_NOW, "settings", None, None)},
    ),
    "a list that was cut": (
        (vault_facets(KV, secrets=Listing(compliant().vault(KV.id).secrets.items[:1], gap())),),
        {(ChangeKind.UNSEEN_NOW, "secrets", None, None)},
    ),
    "a reference's status": (
        (status(CLOUD, "SECRET_KEY", "SecretNotFound"),),
        {(ChangeKind.CHANGED, "references SECRET_KEY status", "Resolved", "SecretNotFound")},
    ),
}


def _paths(found: tuple[FactChange, ...]) -> dict[tuple[ChangeKind, str], FactChange]:
    return {(one.kind, " ".join(one.path[2:])): one for one in found}


@pytest.mark.parametrize("case", CASES)
def test_drift(case: str) -> None:
    bends, expected = CASES[case]
    found = _paths(diff(compliant(), bent(*bends)))
    for kind, path, before, after in expected:
        one = found[(kind, path)]
        assert before is None or one.before == before
        assert after is None or one.after == after
    assert {told for told in found if told not in {(kind, path) for kind, path, *_ in expected}} <= {
        (ChangeKind.CHANGED, "references SECRET_KEY active_version")
    }


def test_a_role_assignment_is_told_with_what_it_grants() -> None:
    found = diff(compliant(), bent(granted(principal(MANAGE), SECRETS_USER, KV.id)))
    assert {one.kind for one in found} == {ChangeKind.APPEARED}
    assert {dict(one.of)[("scope",)] for one in found} == {KV.id}
    assert {dict(one.of)[("role",)] for one in found} == {SECRETS_USER}
    gone = diff(compliant(), bent(revoked(principal(MANAGE), SECRETS_USER)))
    assert {one.kind for one in gone} == {ChangeKind.GONE}


def test_nothing_differs_from_itself() -> None:
    for seen in (compliant(), blind(compliant()), bent(secret_gone(KV, "SECRET-KEY"))):
        assert diff(seen, seen) == ()


SWAPPED = {
    ChangeKind.APPEARED: ChangeKind.GONE,
    ChangeKind.GONE: ChangeKind.APPEARED,
    ChangeKind.CHANGED: ChangeKind.CHANGED,
    ChangeKind.UNSEEN_NOW: ChangeKind.UNSEEN_BEFORE,
    ChangeKind.UNSEEN_BEFORE: ChangeKind.UNSEEN_NOW,
}


@pytest.mark.parametrize("case", CASES)
def test_backwards_is_the_mirror(case: str) -> None:
    there, back = bent(*CASES[case][0]), compliant()
    assert {(SWAPPED[one.kind], one.path) for one in diff(there, back)} == {
        (one.kind, one.path) for one in diff(back, there)
    }


@pytest.mark.slow
def test_what_one_of_them_did_not_see_has_not_drifted() -> None:
    count = 0
    for path, less in one_less(compliant()):
        kinds = {one.kind for one in diff(compliant(), less)}
        assert kinds <= {ChangeKind.UNSEEN_NOW}, path
        assert {one.kind for one in diff(less, compliant())} <= {ChangeKind.UNSEEN_BEFORE}, path
        count += 1
    assert count > 100
    assert {one.kind for one in diff(compliant(), blind(compliant()))} == {ChangeKind.UNSEEN_NOW}


def test_what_was_not_asked_for_has_neither_gone_nor_appeared() -> None:
    seen = compliant()
    fewer = dataclasses.replace(seen, plans={}, sites={k: s for k, s in seen.sites.items() if k != key(CLOUD.id)})
    assert {one.kind for one in diff(seen, fewer)} == {ChangeKind.UNSEEN_NOW}
    assert {one.kind for one in diff(fewer, seen)} == {ChangeKind.UNSEEN_BEFORE}


def _relabelled(node: Any, change: Callable[[int], int]) -> Any:
    match node:
        case ConnectionStringPart():
            return dataclasses.replace(node, same=change(node.same))
        case SecretValue():
            parts = _relabelled(node.parts, change)
            return dataclasses.replace(
                node, same=change(node.same), same_trimmed=change(node.same_trimmed), parts=parts
            )
        case dict():
            return {name: _relabelled(item, change) for name, item in node.items()}
        case tuple():
            return tuple(_relabelled(item, change) for item in node)
        case _ if dataclasses.is_dataclass(node) and not isinstance(node, type):
            return dataclasses.replace(
                node, **{f.name: _relabelled(getattr(node, f.name), change) for f in dataclasses.fields(node)}
            )
        case _:
            return node


def test_labels_drawn_anew_are_no_drift() -> None:
    other: Snapshot = _relabelled(compliant(), lambda label: 10_000 - 7 * label)
    assert other != compliant()
    assert diff(compliant(), other) == ()
    merged: Snapshot = _relabelled(compliant(), lambda label: 1)
    assert {one.path[-1] for one in diff(compliant(), merged)} <= {"same", "same_trimmed"}
    assert diff(compliant(), merged)


def test_a_value_that_left_its_equals_says_so_on_both_sides() -> None:
    shared = "CLOUD-INTERNAL-API-TOKEN"
    found = [one for one in diff(compliant(), bent(secret_value(KV, shared, value(999)))) if one.path[-1] == "same"]
    assert {one.path[1] for one in found} == {key(KV.id), key(KV_MANAGE.id)}
    for one in found:
        assert isinstance(one.before, tuple)
        assert isinstance(one.after, tuple)
        assert (len(one.before), len(one.after)) == (2, 1)


def test_a_plan_is_compared_with_itself() -> None:
    (one,) = diff(compliant(), bent(plan(CLOUD, "B1")))
    assert (one.kind, one.path[2:], one.before, one.after) == (ChangeKind.CHANGED, ("sku",), "P2v3", "B1")
