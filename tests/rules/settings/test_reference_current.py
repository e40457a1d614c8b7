"""SET-003, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass, Severity
from mzaudit.engine.results import Finding, Status
from mzaudit.rules import load
from mzaudit.rules.settings.reference_current import reference_current
from mzaudit.snapshot.observed import Listing
from tests.built_estate import (
    TAKEN,
    Bend,
    ask,
    compliant,
    findings,
    gap,
    literal,
    secret_disabled,
    secret_gone,
    secret_item,
    service,
    setting,
    site,
    status,
    vault,
    vault_facets,
)

CLOUD = service("cloud")
VAULT = vault("cloud")
KEY = "SECRET_KEY"
OLD = "0" * 32
CURRENT = next(item.active_version for item in compliant().site(CLOUD.id).references.items if item.setting == KEY)
OTHERS = tuple(item for item in compliant().site(CLOUD.id).references.items if item.setting != KEY)
MINE = tuple(item for item in compliant().site(CLOUD.id).references.items if item.setting == KEY)
LONG_AGO = secret_item(VAULT, "SECRET-KEY", updated=TAKEN - timedelta(days=3))


def runs(active: str | None, pinned: str | None = None) -> Bend:
    return status(CLOUD, KEY, "Resolved", active_version=active, version=pinned)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "runs with the current version": ((), Pass, ""),
    "pins the current version": ((runs(CURRENT, CURRENT),), Pass, "the next rotation will not reach"),
    "version in another case": ((runs(str(CURRENT).upper()),), Pass, ""),
    "pins an older version": ((runs(OLD, OLD),), Fail, "pins an older version"),
    "rotated three days ago, not reached": ((runs(OLD), LONG_AGO), Fail, "the rotation has not reached it"),
    "rotated today, not reached yet": ((runs(OLD),), Fail, "the rotation has not reached it"),
    "nothing is known of when it was rotated": (
        (runs(OLD), secret_item(VAULT, "SECRET-KEY", updated=None)),
        Fail,
        "the rotation has not reached it",
    ),
    "the current version is disabled, an older one still runs": (
        (runs(OLD), secret_disabled(VAULT, "SECRET-KEY")),
        NotApplicable,
        "is disabled",
    ),
    "the secret is gone": ((secret_gone(VAULT, "SECRET-KEY"),), Fail, "is no longer in kv-mz-cloud-prd"),
    "not resolved": ((status(CLOUD, KEY, "SecretNotFound"),), Fail, "is not resolved"),
    "plain text": (
        (site(CLOUD, references=Listing(OTHERS)), setting(CLOUD, KEY, literal())),
        Fail,
        "is plain text",
    ),
    "not tried yet": ((status(CLOUD, KEY, "Initialized"),), Inconclusive, ""),
    "the active version is unknown": ((runs(None),), Inconclusive, ""),
    "the active version is told of no reference": (
        tuple(status(CLOUD, item.setting, "Resolved", active_version=None) for item in (*OTHERS, *MINE)),
        NotApplicable,
        "does not report which version any reference of app-monozu-cloud-prd",
    ),
    "the active version is told of none, and more may be hidden": (
        (site(CLOUD, references=Listing(tuple(replace(item, active_version=None) for item in MINE), gap())),),
        Inconclusive,
        "",
    ),
    "pins an older version, and no active one is told": ((runs(None, OLD),), Fail, "pins an older version"),
    "the vault's version is not told": ((secret_item(VAULT, "SECRET-KEY", version=None),), Inconclusive, ""),
    "the vault's list refused": ((vault_facets(VAULT, secrets=Listing(gap=gap())),), Inconclusive, ""),
    "report refused": ((site(CLOUD, references=Listing(gap=gap())),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_reference_current(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(reference_current, "cloud/SECRET_KEY", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", getattr(verdict, "because", ""))


def test_lagging_within_the_platform_s_own_day_is_weaker() -> None:
    today, earlier = (ask(reference_current, "cloud/SECRET_KEY", runs(OLD), *more) for more in ((), (LONG_AGO,)))
    assert isinstance(today, Fail)
    assert isinstance(earlier, Fail)
    assert (today.severity, earlier.severity) == (Severity.LOW, None)


def test_what_breaks_the_reference_is_the_cause_and_what_only_ends_soon_is_not() -> None:
    def about(*bends: Bend) -> Finding:
        found = findings(load(), *bends)
        return next(f for f in found if f.rule == "SET-003" and f.subject.name == "cloud/SECRET_KEY")

    disabled = secret_disabled(VAULT, "SECRET-KEY"), status(CLOUD, KEY, "AccessToKeyVaultDenied")
    assert str(about(*disabled).cause) == "KV-004 kv-mz-cloud-prd/SECRET_KEY"
    ends_soon = secret_item(VAULT, "SECRET-KEY", expires=TAKEN + timedelta(days=3))
    assert about(runs(OLD, OLD), ends_soon).status is Status.FAIL
