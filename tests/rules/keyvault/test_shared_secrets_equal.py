"""KV-006, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.engine.evaluate import verdict_of
from mzaudit.engine.subjects import Subject
from mzaudit.rules import load
from mzaudit.rules.keyvault._secret_subjects import SharedSecret
from mzaudit.rules.keyvault.shared_secrets_equal import shared_secrets_equal
from mzaudit.snapshot.observed import GapReason
from tests.built_estate import (
    Bend,
    ask,
    bent,
    findings,
    gap,
    said,
    secret_disabled,
    secret_gone,
    secret_item,
    secret_value,
    value,
    vault,
)

CLOUD, MANAGE = vault("cloud"), vault("manage")
HMAC = "CLOUD-WEBHOOK-HMAC-SECRET"
DISABLED = secret_disabled(CLOUD, HMAC)
UNASKED = gap("GET secret", GapReason.NOT_COLLECTED)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "different": (
        (secret_value(MANAGE, HMAC, value(1)),),
        Fail,
        "has different values in kv-mz-cloud-prd, kv-mz-manage-prd",
    ),
    "a newline more": (
        (
            secret_value(CLOUD, HMAC, value(1)),
            secret_value(MANAGE, HMAC, value(2, same_trimmed=1, outer_whitespace=True)),
        ),
        Fail,
        "differs only in surrounding white space between kv-mz-cloud-prd, kv-mz-manage-prd",
    ),
    "both with the same white space": (
        (
            secret_value(CLOUD, HMAC, value(2, same_trimmed=1, outer_whitespace=True)),
            secret_value(MANAGE, HMAC, value(2, same_trimmed=1, outer_whitespace=True)),
        ),
        Pass,
        "",
    ),
    "another shared secret different": ((secret_value(MANAGE, "CLOUD-INTERNAL-API-TOKEN", value(1)),), Pass, ""),
    "one disabled": ((DISABLED,), Fail, f"{HMAC} in kv-mz-cloud-prd is disabled"),
    "one disabled, as only the refusal says": (
        (secret_value(CLOUD, HMAC, gap("GET secret", GapReason.DISABLED)),),
        Inconclusive,
        "hides its value",
    ),
    "one refused": ((secret_value(MANAGE, HMAC, gap()),), Inconclusive, "forbidden"),
    "both refused": (
        (secret_value(MANAGE, HMAC, gap()), secret_value(CLOUD, HMAC, gap("GET it"))),
        Inconclusive,
        "GET it",
    ),
    "values not asked for": ((secret_value(CLOUD, HMAC, UNASKED),), Inconclusive, "not-collected"),
    "gone since it was listed": ((secret_value(CLOUD, HMAC, None),), Inconclusive, "404"),
}


@pytest.mark.parametrize("case", CASES)
def test_shared_secrets_equal(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(shared_secrets_equal, "CLOUD_WEBHOOK_HMAC_SECRET", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_two_that_differ_settle_it_though_a_third_is_unseen() -> None:
    members = [s for which in (CLOUD, MANAGE, vault("cloud", "stg")) for s in which.secrets if s.stored == HMAC]
    want = SharedSecret("CLOUD_WEBHOOK_HMAC_SECRET", tuple(members))
    subject = Subject("prd", "secret", want.name, "", want, "")
    unseen = secret_value(MANAGE, HMAC, gap())
    assert isinstance(verdict_of(shared_secrets_equal, subject, bent(unseen)), Fail)


def test_one_vault_has_nothing_to_compare_with() -> None:
    member = next(s for s in CLOUD.secrets if s.stored == HMAC)
    want = SharedSecret(member.name, (member,))
    verdict = verdict_of(shared_secrets_equal, Subject("prd", "secret", want.name, "", want, ""), bent())
    assert isinstance(verdict, NotApplicable)


def test_a_disabled_secret_is_one_finding() -> None:
    mine = findings(load(), DISABLED, secret_item(CLOUD, HMAC, enabled=False))
    assert [f.rule for f in mine if f.status.value == "fail"] == ["KV-004"]
    causes = {str(f.cause) for f in mine if f.rule == "KV-006" and f.subject.name == "CLOUD_WEBHOOK_HMAC_SECRET"}
    assert causes == {"KV-004 kv-mz-cloud-prd/CLOUD_WEBHOOK_HMAC_SECRET"}


def test_a_missing_secret_is_its_cause() -> None:
    mine = findings(load(), secret_gone(CLOUD, HMAC), secret_value(CLOUD, HMAC, None))
    causes = {str(f.cause) for f in mine if f.rule == "KV-006" and f.subject.name == "CLOUD_WEBHOOK_HMAC_SECRET"}
    assert causes == {"KV-003 kv-mz-cloud-prd/CLOUD_WEBHOOK_HMAC_SECRET"}


def test_the_evidence_tells_equal_from_different() -> None:
    members = [s for which in (CLOUD, MANAGE, vault("cloud", "stg")) for s in which.secrets if s.stored == HMAC]
    want = SharedSecret("CLOUD_WEBHOOK_HMAC_SECRET", tuple(members))
    odd = secret_value(vault("cloud", "stg"), HMAC, value(1))
    verdict = verdict_of(shared_secrets_equal, Subject("prd", "secret", want.name, "", want, ""), bent(odd))
    assert isinstance(verdict, Fail)
    assert [e.observed for e in verdict.evidence] == ["compared with the others", "equal", "different"]
