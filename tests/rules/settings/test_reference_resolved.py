"""SET-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.subjects import SecretSetting
from mzaudit.facts.setting_references import UNRESOLVED
from mzaudit.policy.desired import DesiredIdentity
from mzaudit.rules import load
from mzaudit.rules.settings.reference_resolved import reference_resolved
from mzaudit.snapshot.observed import Listing, Observed
from tests.built_estate import (
    Bend,
    ask,
    bent,
    compliant,
    findings,
    gap,
    literal,
    secret_disabled,
    service,
    setting,
    site,
    status,
    vault,
    vault_facets,
    vault_properties,
)
from tests.written import reference_to

CLOUD = service("cloud")
KEY = "SECRET_KEY"
REFERENCES = compliant().site(CLOUD.id).references.items
OTHERS = tuple(item for item in REFERENCES if item.setting != KEY)


def says(word: str) -> tuple[Bend, ...]:
    return (status(CLOUD, KEY, word),)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "Resolved": ((), Pass, ""),
    "resolved, in another case": (says("resolved"), Pass, ""),
    "Resolved, listing cut short behind it": ((site(CLOUD, references=Listing(REFERENCES, gap())),), Pass, ""),
    "Resolved, settings refused": ((site(CLOUD, settings=gap()),), Pass, ""),
    "InvalidSyntax": (says("InvalidSyntax"), Fail, "cannot read the reference"),
    "MSINotEnabled": (says("MSINotEnabled"), Fail, "no managed identity"),
    "VaultNotFound": (says("VaultNotFound"), Fail, "does not exist"),
    "SecretNotFound": (says("SecretNotFound"), Fail, "no secret of that name"),
    "SecretVersionNotFound": (says("SecretVersionNotFound"), Fail, "no such version"),
    "AccessToKeyVaultDenied": (says("AccessToKeyVaultDenied"), Fail, "refused the app's identity"),
    "AccessToKeyVaultDenied, vault unseen": (
        (*says("AccessToKeyVaultDenied"), vault_facets(vault("cloud"), properties=gap())),
        Fail,
        "refused the app's identity",
    ),
    "UnauthorizedClient": (says("UnauthorizedClient"), Fail, "Entra refused"),
    "a status of tomorrow": (says("QuotaExceeded"), Inconclusive, ""),
    "a status of tomorrow, and plain text": (
        (*says("QuotaExceeded"), setting(CLOUD, KEY, literal())),
        Fail,
        "is plain text",
    ),
    "Initialized": (says("Initialized"), Inconclusive, ""),
    "FetchTimedOut": (says("FetchTimedOut"), Inconclusive, ""),
    "OtherReasons": (says("OtherReasons"), Inconclusive, ""),
    "no status": (says(""), Inconclusive, ""),
    "no status, and plain text": ((*says(""), setting(CLOUD, KEY, literal())), Fail, "is plain text"),
    "OtherReasons because the name has an underscore": (
        (*says("OtherReasons"), setting(CLOUD, KEY, reference_to("kv-mz-cloud-prd", "SECRET_KEY", None))),
        Fail,
        "cannot hold an underscore",
    ),
    "not reported, though it is the reference": ((site(CLOUD, references=Listing(OTHERS)),), Inconclusive, ""),
    "not reported, because it is plain text": (
        (site(CLOUD, references=Listing(OTHERS)), setting(CLOUD, KEY, literal())),
        Fail,
        "is plain text",
    ),
    "not reported, because there is no such setting": (
        (site(CLOUD, references=Listing(OTHERS)), setting(CLOUD, KEY, None)),
        Fail,
        "has no setting",
    ),
    "not reported, settings refused": (
        (site(CLOUD, references=Listing(OTHERS), settings=gap()),),
        Inconclusive,
        "",
    ),
    "report refused": ((site(CLOUD, references=Listing(gap=gap())),), Inconclusive, ""),
    "report cut short before it": ((site(CLOUD, references=Listing(OTHERS, gap())),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_reference_resolved(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(reference_resolved, "cloud/SECRET_KEY", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_every_status_has_a_cure_of_its_own() -> None:
    verdicts = [ask(reference_resolved, "cloud/SECRET_KEY", *says(word)) for word in sorted(UNRESOLVED)]
    cures = {verdict.remediation for verdict in verdicts if isinstance(verdict, Fail)}
    assert len(cures) == len(UNRESOLVED)


def test_the_undecided_statuses_are_named_in_the_gap() -> None:
    for word in ("Initialized", "FetchTimedOut", "OtherReasons", "QuotaExceeded"):
        verdict = ask(reference_resolved, "cloud/SECRET_KEY", *says(word))
        assert isinstance(verdict, Inconclusive)
        assert word in verdict.gaps[0].detail


@pytest.mark.parametrize("word", ["MSINotEnabled", "UnauthorizedClient"])
def test_a_user_assigned_identity_is_what_the_fix_assigns(word: str) -> None:
    """A new assignment of it makes no new principal: it need not be removed first."""
    shared = DesiredIdentity("prd", "shared", "id-shared", f"{CLOUD.id.rpartition('/sites/')[0]}/x/id-shared", "p:2")
    secret = next(one.secret for one in CLOUD.settings if one.name == KEY)
    want = SecretSetting(replace(CLOUD, acts_as="user", identity=shared), KEY, secret)
    verdict = reference_resolved.check(want, bent(*says(word)))
    assert isinstance(verdict, Fail)
    assert "user-assigned identity id-shared" in verdict.remediation
    assert verdict.fix is not None
    commands = verdict.fix.commands
    assert f"--identities {shared.id}" in commands[0]
    assert not any("SystemAssigned" in each or "identity remove" in each for each in commands)
    assert any(f"keyVaultReferenceIdentity={shared.id}" in each for each in commands) is (word == "MSINotEnabled")


def test_a_closed_network_is_evidence() -> None:
    closed = vault_properties(vault("cloud"), default_action="Deny", public_network_access="Disabled")
    verdict = ask(reference_resolved, "cloud/SECRET_KEY", *says("AccessToKeyVaultDenied"), closed)
    assert isinstance(verdict, Fail)
    assert [fact.at.rsplit("/", 1)[-1] for fact in verdict.evidence[1:]] == [
        "publicNetworkAccess",
        "networkAcls.defaultAction",
    ]


@pytest.mark.parametrize(
    ("bends", "cause"),
    [
        ((setting(CLOUD, KEY, literal()), *says("InvalidSyntax")), "SET-001 cloud/SECRET_KEY"),
        ((vault_facets(vault("cloud"), properties=Observed(None)), *says("VaultNotFound")), "KV-001 kv-mz-cloud-prd"),
        (
            (secret_disabled(vault("cloud"), "SECRET-KEY"), *says("AccessToKeyVaultDenied")),
            "KV-004 kv-mz-cloud-prd/SECRET_KEY",
        ),
    ],
)
def test_the_first_broken_link_is_the_cause(bends: tuple[Bend, ...], cause: str) -> None:
    rules = load()
    if cause.split()[0] not in {rule.code for rule in rules}:
        pytest.skip("the rule of that link is not there")
    found = next(f for f in findings(rules, *bends) if f.rule == "SET-002" and f.subject.name == "cloud/SECRET_KEY")
    assert str(found.cause or "") == cause
