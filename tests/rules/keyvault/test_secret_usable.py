"""KV-004, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.secret_usable import secret_usable
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import GapReason, Listing
from tests.built_estate import (
    TAKEN,
    Bend,
    ask,
    gap,
    said,
    secret_disabled,
    secret_item,
    secret_value,
    vault,
    vault_facets,
)

CLOUD = vault("cloud")
KEY = "SECRET-KEY"


def expires(**ahead: float) -> Bend:
    return secret_item(CLOUD, KEY, expires=TAKEN + timedelta(**ahead))


def starts(**ahead: float) -> Bend:
    return secret_item(CLOUD, KEY, not_before=TAKEN + timedelta(**ahead))


def cut(seen: Snapshot) -> Snapshot:
    return vault_facets(CLOUD, secrets=Listing(seen.vault(CLOUD.id).secrets.items, gap()))(seen)


def wrong_clock(seen: Snapshot) -> Snapshot:
    return replace(seen, skew=365 * 24 * 60)


OFF = secret_disabled(CLOUD, KEY)
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented, without dates": ((), Pass, ""),
    "disabled": ((OFF,), Fail, "SECRET-KEY in kv-mz-cloud-prd is disabled"),
    "Azure silent on enabled": ((secret_item(CLOUD, KEY, enabled=None),), Inconclusive, "attributes.enabled"),
    "enabled, and the vault says that it is not": (
        (secret_value(CLOUD, KEY, gap("GET secret", GapReason.DISABLED)),),
        Inconclusive,
        "hides its value",
    ),
    "disabled, and the vault gives its value": (
        (secret_item(CLOUD, KEY, enabled=False),),
        Inconclusive,
        "gives its value",
    ),
    "disabled, and no value was asked for": (
        (secret_item(CLOUD, KEY, enabled=False), vault_facets(CLOUD, values={})),
        Fail,
        "SECRET-KEY in kv-mz-cloud-prd is disabled",
    ),
    "expired": ((expires(days=-1),), Fail, "expired on 2026-02-28. "),
    "expires at this very moment": ((expires(),), Fail, "expired on 2026-03-01. "),
    "expires in a second": ((expires(seconds=1),), Fail, "expires on 2026-03-01. low"),
    "expires in ten days": ((expires(days=10),), Fail, "expires on 2026-03-11. low"),
    "expires in thirty days": ((expires(days=30),), Fail, "expires on 2026-03-31. low"),
    "expires a second later than that": ((expires(days=30, seconds=1),), Pass, ""),
    "expires in a year": ((expires(days=365),), Pass, ""),
    "valid since yesterday": ((starts(days=-1),), Pass, ""),
    "valid from this very moment": ((starts(),), Pass, ""),
    "not yet valid": ((starts(days=1),), Fail, "not valid before 2026-03-02. "),
    "disabled and expiring is not weak": ((OFF, expires(days=10)), Fail, "disabled"),
    "expired, and Azure silent on enabled": (
        (secret_item(CLOUD, KEY, enabled=None), expires(days=-1)),
        Fail,
        "expired on",
    ),
    "expired, by a clock that is wrong": ((expires(days=-1), wrong_clock), Inconclusive, "clock was 365 days slow"),
    "expires in a year, by a clock that is wrong": ((expires(days=365), wrong_clock), Inconclusive, "clock"),
    "not yet valid, by a clock that is wrong": ((starts(days=1), wrong_clock), Inconclusive, "clock"),
    "disabled, by a clock that is wrong": ((OFF, wrong_clock), Fail, "disabled"),
    "without dates, by a clock that is wrong": ((wrong_clock,), Pass, ""),
    "seen in a list cut short": ((cut,), Pass, ""),
    "the list refused": ((vault_facets(CLOUD, secrets=Listing(gap=gap())),), Inconclusive, "not-collected"),
}


@pytest.mark.parametrize("case", CASES)
def test_secret_usable(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(secret_usable, "kv-mz-cloud-prd/SECRET_KEY", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_a_weak_failure_beside_a_strong_one_is_strong() -> None:
    verdict = ask(secret_usable, "kv-mz-cloud-prd/SECRET_KEY", starts(days=1), expires(days=10))
    assert isinstance(verdict, Fail)
    assert verdict.severity is None
    assert len(verdict.evidence) == 2
