"""Waivers laid over findings: what is waived, what is not, what is warned of, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mzaudit.engine.results import Finding, Status, SubjectName, WaiverNote
from mzaudit.engine.verdict import Evidence, Shown
from mzaudit.engine.waive import lay
from mzaudit.policy.models import Severity
from mzaudit.policy.waivers import Waiver

TODAY = date(2026, 3, 1)
FINDING = Finding(
    rule="KV-004",
    slug="secret-usable",
    title="Secrets are usable",
    env="stg",
    subject=SubjectName("secret", "kv-mz-cloud-stg/MS_CLIENT_SECRET", "/x"),
    status=Status.FAIL,
    severity=Severity.LOW,
    note="It expires soon.",
    evidence=(Evidence("exp", "later", "2026-03-20"),),
    gaps=(),
    requirements=("DOC-16",),
    policy="policies/monozu.yaml:50",
    cause=None,
    remediation="Renew it.",
    fix=None,
    waiver=None,
    fingerprint="f",
)
WAIVER = Waiver(
    code="KV-004",
    subject="kv-mz-cloud-stg/MS_CLIENT_SECRET",
    environment=None,
    reason="renewed in April",
    owner="platform team",
    ticket="OPS-1",
    created=date(2026, 1, 1),
    expires=date(2026, 4, 30),
    covers_inconclusive=False,
    where="policies/waivers.yaml:3",
)
NOTE = WaiverNote("renewed in April", "platform team", "2026-04-30", "OPS-1", "policies/waivers.yaml:3", False)
NAMED = "policies/waivers.yaml:3: the waiver of KV-004 for kv-mz-cloud-stg/MS_CLIENT_SECRET"


@pytest.mark.parametrize(
    ("subject", "waived"),
    [
        ("kv-mz-cloud-stg/MS_CLIENT_SECRET", True),
        ("KV-MZ-CLOUD-STG/ms_client_secret", True),
        ("kv-mz-cloud-stg/MS_*", True),
        ("kv-mz-*/MS_*", True),
        ("kv-mz-cloud-st?/MS_CLIENT_SECRET", True),
        ("kv-mz-cloud-stg", False),
        ("MS_CLIENT_SECRET", False),
        ("kv-mz-*", False),
        ("kv-mz-cloud-stg?MS_CLIENT_SECRET", False),
        ("kv-mz-cloud-stg/MS_CLIENT_SECRE", False),
        ("kv-mz-cloud-stg/.*", False),
        ("kv-mz-cloud-stg/[M]*", False),
    ],
)
def test_the_subject_is_matched_whole(subject: str, waived: bool) -> None:
    (finding,), _ = lay((FINDING,), (replace(WAIVER, subject=subject),), TODAY)
    assert finding.status is (Status.WAIVED if waived else Status.FAIL)


@pytest.mark.parametrize(
    ("change", "status", "note"),
    [
        ({}, Status.WAIVED, NOTE),
        ({"code": "KV-005"}, Status.FAIL, None),
        ({"environment": "stg"}, Status.WAIVED, NOTE),
        ({"environment": "prd"}, Status.FAIL, None),
        ({"observed": ("2026-03-20",)}, Status.WAIVED, NOTE),
        ({"observed": ("2026-03-21",)}, Status.FAIL, None),
        ({"observed": ("2026-03-20", "2026-03-21")}, Status.FAIL, None),
        ({"created": TODAY}, Status.WAIVED, NOTE),
        ({"created": date(2026, 3, 2)}, Status.FAIL, None),
        ({"expires": TODAY}, Status.WAIVED, replace(NOTE, expires="2026-03-01")),
        ({"expires": date(2026, 2, 28)}, Status.FAIL, replace(NOTE, expires="2026-02-28", expired=True)),
    ],
)
def test_what_a_waiver_covers(change: dict[str, object], status: Status, note: WaiverNote | None) -> None:
    waiver = replace(WAIVER, **change)  # type: ignore[arg-type]  # the table holds fields of a waiver
    (finding,), _ = lay((FINDING,), (waiver,), TODAY)
    assert finding == replace(FINDING, status=status, waiver=note)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("inconclusive_too", [False, True])
def test_only_a_failure_is_waived_or_what_could_not_be_seen_if_it_says_so(
    status: Status, inconclusive_too: bool
) -> None:
    waiver = replace(WAIVER, covers_inconclusive=inconclusive_too)
    (finding,), _ = lay((replace(FINDING, status=status),), (waiver,), TODAY)
    covered = status is Status.FAIL or (status is Status.INCONCLUSIVE and inconclusive_too)
    assert finding.status is (Status.WAIVED if covered else status)
    assert (finding.waiver is not None) is covered


@pytest.mark.parametrize(
    ("seen", "accepted", "waived"),
    [
        ((("a", "b"),), ("a, b",), True),
        ((("a",), "b"), ("b", "a"), True),
        ((True, None, 3, ()), ("yes", "nothing", "3", "none"), True),
        ((("a", "b"),), ("a",), False),
        ((("a",), ("a",)), ("a",), False),
        (("a",), ("A",), False),
    ],
)
def test_a_pinned_waiver_accepts_what_the_reports_show_and_nothing_else(
    seen: tuple[Shown, ...], accepted: tuple[str, ...], waived: bool
) -> None:
    facts = tuple(Evidence("x", None, observed) for observed in seen)
    (finding,), _ = lay((replace(FINDING, evidence=facts),), (replace(WAIVER, observed=accepted),), TODAY)
    assert (finding.status is Status.WAIVED) is waived


def test_the_waiver_that_lasts_longest_counts() -> None:
    expired = replace(WAIVER, expires=date(2026, 2, 1), where="policies/waivers.yaml:9")
    for order in ((WAIVER, expired), (expired, WAIVER)):
        (finding,), warnings = lay((FINDING,), order, TODAY)
        assert finding.waiver == NOTE
        assert len(warnings) == 1


@pytest.mark.parametrize(
    ("change", "status", "warnings"),
    [
        ({}, Status.FAIL, ()),
        ({"expires": date(2026, 2, 28)}, Status.FAIL, (" expired on 2026-02-28; its failures count again",)),
        ({"expires": TODAY}, Status.FAIL, (" expires on 2026-03-01",)),
        ({"expires": date(2026, 3, 15)}, Status.FAIL, (" expires on 2026-03-15",)),
        ({"expires": date(2026, 3, 16)}, Status.FAIL, ()),
        ({}, Status.PASS, (" matches no failure",)),
        ({}, Status.INCONCLUSIVE, (" matches no failure",)),
        (
            {"expires": date(2026, 2, 28)},
            Status.PASS,
            (" expired on 2026-02-28; its failures count again", " matches no failure"),
        ),
        ({"environment": "prd"}, Status.FAIL, ()),
        ({"code": "KV-005"}, Status.FAIL, ()),
        ({"observed": ("2026-03-20",)}, Status.FAIL, ()),
        ({"observed": ("2026-03-20",)}, Status.PASS, (" matches no failure",)),
        (
            {"observed": ("b", "a")},
            Status.FAIL,
            (" is not applied to kv-mz-cloud-stg/MS_CLIENT_SECRET: it accepts a; b, observed now: 2026-03-20",),
        ),
        (
            {"created": date(2026, 3, 2)},
            Status.FAIL,
            (" starts on 2026-03-02 and is not applied yet",),
        ),
    ],
)
def test_what_is_warned_of(change: dict[str, object], status: Status, warnings: tuple[str, ...]) -> None:
    waiver = replace(WAIVER, **change)  # type: ignore[arg-type]  # the table holds fields of a waiver
    _, said = lay((replace(FINDING, status=status),), (waiver,), TODAY)
    assert said == tuple(NAMED + warning for warning in warnings)


@given(
    st.lists(st.builds(replace, st.just(FINDING), status=st.sampled_from(Status), env=st.sampled_from(["stg", "prd"]))),
    st.lists(
        st.builds(
            replace,
            st.just(WAIVER),
            expires=st.dates(),
            environment=st.sampled_from([None, "stg"]),
            covers_inconclusive=st.booleans(),
            created=st.dates(),
            observed=st.sampled_from([None, ("2026-03-20",), ("a",)]),
        )
    ),
)
def test_a_waiver_changes_the_status_and_nothing_that_was_seen(findings: list[Finding], waivers: list[Waiver]) -> None:
    laid, _ = lay(tuple(findings), tuple(waivers), TODAY)
    assert [
        replace(after, status=before.status, waiver=None) for before, after in zip(findings, laid, strict=True)
    ] == findings
    assert all(after.status in (before.status, Status.WAIVED) for before, after in zip(findings, laid, strict=True))
