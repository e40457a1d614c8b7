"""KV-008, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.engine.evaluate import evaluate, verdict_of
from mzaudit.rules import load
from mzaudit.rules.keyvault._secret_subjects import DistinctSecret, each_distinct_secret
from mzaudit.rules.keyvault.secrets_distinct import secrets_distinct
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.text.ids import key
from tests.built_estate import Bend, bent, gap, said, secret_disabled, secret_item, secret_value, value, vault, wanted

CLOUD, MANAGE, STAGE = vault("cloud"), vault("manage"), vault("manage", "stg")
KEY, CLIENT = "SECRET-KEY", "MS-CLIENT-SECRET"
ONE, BOTH = ("prd",), ("stg", "prd")
KEY_OF_MANAGE, CLIENT_OF_MANAGE = "kv-mz-manage-prd/SECRET_KEY", "kv-mz-manage-prd/MS_CLIENT_SECRET"


# each case: environments asked for, the subject, and what is bent
CASES: dict[str, tuple[tuple[str, ...], str, tuple[Bend, ...], type, str]] = {
    "between vaults, as documented": (ONE, KEY_OF_MANAGE, (), Pass, ""),
    "between vaults, equal": (
        ONE,
        KEY_OF_MANAGE,
        (secret_value(CLOUD, KEY, value(1)), secret_value(MANAGE, KEY, value(1))),
        Fail,
        "kv-mz-manage-prd/SECRET_KEY has the same value as kv-mz-cloud-prd/SECRET_KEY",
    ),
    "between vaults, equal but for white space": (
        ONE,
        KEY_OF_MANAGE,
        (secret_value(CLOUD, KEY, value(1)), secret_value(MANAGE, KEY, value(2, same_trimmed=1))),
        Fail,
        "has the same value",
    ),
    "a pair is asked about once": (
        ONE,
        "kv-mz-cloud-prd/SECRET_KEY",
        (secret_value(CLOUD, KEY, value(1)), secret_value(MANAGE, KEY, value(1))),
        NotApplicable,
        "Compared under another secret",
    ),
    "between vaults, not declared distinct": (
        ONE,
        CLIENT_OF_MANAGE,
        (secret_value(CLOUD, CLIENT, value(1)), secret_value(MANAGE, CLIENT, value(1))),
        NotApplicable,
        "Compared under another secret",
    ),
    "between vaults, one disabled": (ONE, KEY_OF_MANAGE, (secret_disabled(CLOUD, KEY),), Fail, "is disabled"),
    "between vaults, own disabled": (ONE, KEY_OF_MANAGE, (secret_disabled(MANAGE, KEY),), Fail, "is disabled"),
    "between vaults, one refused": (ONE, KEY_OF_MANAGE, (secret_value(CLOUD, KEY, gap()),), Inconclusive, "forbidden"),
    "between vaults, own refused": (ONE, KEY_OF_MANAGE, (secret_value(MANAGE, KEY, gap()),), Inconclusive, "forbidden"),
    "between environments, as documented": (BOTH, CLIENT_OF_MANAGE, (), Pass, ""),
    "between environments, equal": (
        BOTH,
        CLIENT_OF_MANAGE,
        (secret_value(STAGE, CLIENT, value(1)), secret_value(MANAGE, CLIENT, value(1))),
        Fail,
        "kv-mz-manage-prd/MS_CLIENT_SECRET has the same value as kv-mz-manage-stg/MS_CLIENT_SECRET",
    ),
    "between environments, only one asked for": (
        ONE,
        CLIENT_OF_MANAGE,
        (secret_value(STAGE, CLIENT, value(1)), secret_value(MANAGE, CLIENT, value(1))),
        NotApplicable,
        "Compared under another secret",
    ),
    "between environments, another secret": (
        BOTH,
        CLIENT_OF_MANAGE,
        (secret_value(STAGE, KEY, value(1)), secret_value(MANAGE, CLIENT, value(1))),
        Pass,
        "",
    ),
    "between environments, the other is not there": (
        BOTH,
        CLIENT_OF_MANAGE,
        (secret_value(STAGE, CLIENT, None),),
        NotApplicable,
        "None of the secrets",
    ),
    "between environments, the other is disabled": (
        BOTH,
        CLIENT_OF_MANAGE,
        (secret_disabled(STAGE, CLIENT),),
        NotApplicable,
        "None of the secrets",
    ),
    "between environments, the other refused": (
        BOTH,
        CLIENT_OF_MANAGE,
        (secret_value(STAGE, CLIENT, gap()),),
        Inconclusive,
        "forbidden",
    ),
    "one of two equal, the other unseen": (
        BOTH,
        KEY_OF_MANAGE,
        (secret_value(STAGE, KEY, gap()), secret_value(CLOUD, KEY, value(1)), secret_value(MANAGE, KEY, value(1))),
        Fail,
        "kv-mz-cloud-prd/SECRET_KEY",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_secrets_distinct(case: str) -> None:
    asked, name, bends, kind, words = CASES[case]
    bound = wanted(*asked)
    subject = next(s for s in each_distinct_secret(bound, bound.environments["prd"]) if s.name == name)
    verdict = verdict_of(secrets_distinct, subject, bent(*bends))
    assert type(verdict) is kind
    assert words in said(verdict)


def test_who_is_asked() -> None:
    bound = wanted(*BOTH)
    names = {s.name for s in each_distinct_secret(bound, bound.environments["prd"]) if s.want.elsewhere}
    assert names == {
        f"{which.name}/{secret}"
        for which, secrets in (
            (CLOUD, ("SECRET_KEY", "CLOUD_INTERNAL_API_TOKEN", "CLOUD_WEBHOOK_HMAC_SECRET", "MS_CLIENT_SECRET")),
            (CLOUD, ("SNAP_PUBLISH_TOKEN",)),
            (MANAGE, ("SECRET_KEY", "CLOUD_INTERNAL_API_TOKEN", "CLOUD_WEBHOOK_HMAC_SECRET", "MS_CLIENT_SECRET")),
        )
        for secret in secrets
    }


def test_the_policy_may_allow_one_value_in_two_environments() -> None:
    bound = wanted(*BOTH)
    env = replace(bound.environments["prd"], distinct_between_environments=False)
    allowed = replace(bound, environments={**bound.environments, "prd": env})
    assert not any(s.want.elsewhere for s in each_distinct_secret(allowed, env))


def test_what_is_shared_with_one_vault_of_both_environments_is_one_value() -> None:
    bound = wanted(*BOTH)
    env, other = bound.environments["prd"], bound.environments["stg"]
    names = {secret.name for vault in env.vaults for secret in vault.secrets if secret.spec.shared}
    shared = {s.want.secret.name for s in each_distinct_secret(bound, env) if s.want.elsewhere} & names
    common = replace(env, vaults=(*env.vaults[:-1], replace(env.vaults[-1], id=other.vaults[-1].id)))
    united = replace(bound, environments={**bound.environments, "prd": common})
    here = {secret.name for secret in common.vaults[-1].secrets if secret.spec.shared}
    asked = {s.want.secret.name for s in each_distinct_secret(united, common) if s.want.elsewhere}
    assert here & shared
    assert asked & names == shared - here


def test_the_order_of_asking_does_not_matter() -> None:
    def findings(*asked: str) -> set[tuple[str, str, str]]:
        reused = (secret_value(STAGE, CLIENT, value(1)), secret_value(MANAGE, CLIENT, value(1)))
        answers = evaluate(wanted(*asked), bent(*reused), (secrets_distinct,))
        return {(f.env, f.subject.name, f.status.value) for f in answers}

    assert findings("stg", "prd") == findings("prd", "stg")
    assert ("prd", CLIENT_OF_MANAGE, "fail") in findings("stg", "prd")


def test_a_placeholder_in_both_is_explained() -> None:
    never_set = value(1, placeholder=True)
    bends = (secret_value(CLOUD, KEY, never_set), secret_value(MANAGE, KEY, never_set))
    answers = evaluate(wanted(), bent(*bends), load())
    assert {f.rule for f in answers if f.status.value == "fail"} == {"KV-007"}
    causes = [str(f.cause) for f in answers if f.rule == "KV-008" and f.subject.name == KEY_OF_MANAGE]
    assert causes == ["KV-007 kv-mz-cloud-prd/SECRET_KEY"]


def test_a_disabled_one_is_one_finding() -> None:
    bends = (secret_disabled(CLOUD, KEY), secret_item(CLOUD, KEY, enabled=False))
    answers = evaluate(wanted(), bent(*bends), load())
    assert [f.rule for f in answers if f.status.value == "fail"] == ["KV-004"]


def test_of_many_environments_ten_are_told_and_equality_is_always_told() -> None:
    secret, other = (each for which in (CLOUD, MANAGE) for each in which.secrets if each.stored == KEY)
    ids = {number: f"{MANAGE.id}-{number}" for number in range(13)}
    elsewhere = tuple(replace(other, env=f"e{n}", vault=f"kv-{n}", vault_id=ids[n]) for n in ids)
    want = DistinctSecret(secret, (), elsewhere)

    def asked(last: int) -> Verdict:
        seen = bent(secret_value(CLOUD, KEY, value(1)))
        labels = {n: last if n == 12 else 100 + n for n in ids}
        known = seen.vaults[key(MANAGE.id)]
        vaults = {
            key(ids[n]): replace(known, id=ids[n], values={KEY.casefold(): Observed(value(label))})
            for n, label in labels.items()
        }
        return secrets_distinct.check(want, replace(seen, vaults={**seen.vaults, **vaults}))

    proof = asked(last=112)
    assert isinstance(proof, Pass)
    assert [fact.expected for fact in proof.evidence] == [
        *(f"differs from kv-{n}/SECRET_KEY" for n in range(10)),
        "differs from 3 more of its name",
    ]
    equal = asked(last=1)
    assert isinstance(equal, Fail)
    assert equal.note == "kv-mz-cloud-prd/SECRET_KEY has the same value as kv-12/SECRET_KEY."
