"""A view says what its snapshot says, and derives a thing once."""

from __future__ import annotations

from dataclasses import fields

from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.saved.merge import MergedSnapshot
from mzaudit.snapshot.view import View
from tests.built_estate import compliant


def _apps(seen: Snapshot) -> list[str]:
    return sorted(seen.sites)


def test_a_view_holds_what_the_snapshot_holds() -> None:
    seen = compliant()
    view = View.of(seen)
    assert all(getattr(view, field.name) is getattr(seen, field.name) for field in fields(Snapshot))
    assert View.of(view) is view


def test_a_thing_is_derived_once_in_a_view_and_kept_nowhere_else() -> None:
    seen = compliant()
    view = View.of(seen)
    assert view.derived(_apps) == sorted(seen.sites)
    assert view.derived(_apps) is view.derived(_apps)
    assert View.of(seen).derived(_apps) is not view.derived(_apps)


def test_values_of_two_runs_are_no_more_comparable_than_before() -> None:
    seen = compliant()
    held = {field.name: getattr(seen, field.name) for field in fields(Snapshot)}
    merged = View.of(MergedSnapshot(**held, parts=(frozenset({"prd"}), frozenset({"stg"}))))
    assert not merged.comparable("prd", "stg")
    assert merged.comparable("prd", "prd")
