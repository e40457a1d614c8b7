"""The loop: every obligation answered, causes before symptoms, one crash is one inconclusive finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Rule, Severity, Verdict
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.gate import summarise
from mzaudit.engine.results import Cause, Finding, Gate, Status
from mzaudit.engine.subjects import each_secret, each_vault
from mzaudit.policy.desired import DesiredSecret, DesiredVault
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason
from tests.built_estate import compliant, wanted

PROOF = (Evidence("here", "a", "b"),)
FIX = Fix("Owner", ("az group list",))
PASS, FAIL = Pass(PROOF), Fail(PROOF, "Wrong.", "Mend it.", FIX)
WEAK = Fail(PROOF, "A little wrong.", "Mend it.", FIX, Severity.LOW)
GAP = Gap(GapReason.FORBIDDEN, "GET link")
UNSEEN, SKIP = Inconclusive((GAP,)), NotApplicable("Not asked.")


def link(verdict: Verdict) -> Rule[DesiredVault]:
    def check(want: DesiredVault, seen: Snapshot) -> Verdict:
        return verdict

    return Rule("T-001", "link", "A link", Severity.HIGH, each_vault, (), (), (), check, "", "test")


def symptom(
    verdict: Verdict | Exception,
    *,
    requires: tuple[str, ...] = (),
    explained_by: tuple[str, ...] = (),
    follows: tuple[str, ...] = (),
) -> Rule[DesiredSecret]:
    def check(want: DesiredSecret, seen: Snapshot) -> Verdict:
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    return Rule(
        "T-002",
        "symptom",
        "A symptom",
        Severity.HIGH,
        each_secret,
        requires,
        explained_by,
        follows,
        check,
        "",
        "test",
    )


def found(*rules: Rule[DesiredVault] | Rule[DesiredSecret]) -> Finding:
    """The finding of the symptom about one secret."""
    findings = evaluate(wanted(), compliant(), rules)
    return next(f for f in findings if f.rule == "T-002" and f.subject.name == "kv-mz-cloud-prd/SECRET_KEY")


CAUSE = Cause("T-001", "kv-mz-cloud-prd")
REQUIRED: dict[str, tuple[Verdict, Verdict, Status, Cause | None]] = {
    "the link holds, the rule decides": (PASS, FAIL, Status.FAIL, None),
    "the link is broken": (FAIL, PASS, Status.NOT_APPLICABLE, CAUSE),
    "the link is unseen": (UNSEEN, PASS, Status.INCONCLUSIVE, None),
    "the link does not apply": (SKIP, PASS, Status.PASS, None),
    "the link is only weak": (WEAK, FAIL, Status.FAIL, None),
}
EXPLAINED: dict[str, tuple[Verdict, Verdict, Status, Cause | None]] = {
    "the link is broken and so is this": (FAIL, FAIL, Status.NOT_APPLICABLE, CAUSE),
    "the link is broken, this was seen to hold": (FAIL, PASS, Status.PASS, None),
    "the link is broken, this was not seen": (FAIL, UNSEEN, Status.INCONCLUSIVE, None),
    "the link is unseen, the failure stands": (UNSEEN, FAIL, Status.FAIL, None),
    "the link holds": (PASS, FAIL, Status.FAIL, None),
    "a weak failure hides nothing worse": (WEAK, FAIL, Status.FAIL, None),
}


NOTHING = NotApplicable("Nothing to ask about.", broken_link=True)
FOLLOWED: dict[str, tuple[Verdict, Verdict, Status, Cause | None]] = {
    "the link is broken and left nothing": (FAIL, NOTHING, Status.NOT_APPLICABLE, CAUSE),
    "the link holds": (PASS, NOTHING, Status.NOT_APPLICABLE, None),
    "the link is unseen": (UNSEEN, NOTHING, Status.NOT_APPLICABLE, None),
    "not applicable for another reason": (FAIL, SKIP, Status.NOT_APPLICABLE, None),
    "a failure is its own": (FAIL, FAIL, Status.FAIL, None),
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_follows(case: str) -> None:
    first, own, status, cause = FOLLOWED[case]
    finding = found(symptom(own, follows=("T-001",)), link(first))
    assert (finding.status, finding.cause) == (status, cause)


@pytest.mark.parametrize("case", REQUIRED)
def test_requires(case: str) -> None:
    first, own, status, cause = REQUIRED[case]
    finding = found(link(first), symptom(own, requires=("T-001",)))
    assert (finding.status, finding.cause) == (status, cause)


@pytest.mark.parametrize("case", EXPLAINED)
def test_explained_by(case: str) -> None:
    first, own, status, cause = EXPLAINED[case]
    finding = found(link(first), symptom(own, explained_by=("T-001",)))
    assert (finding.status, finding.cause) == (status, cause)


def test_the_first_broken_link_is_the_cause_of_all_that_follow() -> None:
    last = replace(symptom(FAIL, requires=("T-002",)), code="T-003")
    findings = evaluate(wanted(), compliant(), (last, symptom(PASS, requires=("T-001",)), link(FAIL)))
    assert {f.cause for f in findings if f.rule == "T-003" and "cloud" in f.subject.name} == {CAUSE}


def test_a_crash_of_one_rule_is_inconclusive_and_says_nothing_of_what_it_saw() -> None:
    finding = found(symptom(ValueError("a value that nobody should see")))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.gaps[0].reason is GapReason.INTERNAL
    assert "nobody should see" not in repr(finding)


def test_a_rule_without_a_subject_still_answers() -> None:
    nothing = replace(link(PASS), over=lambda wanted, env: iter(()))
    (finding,) = evaluate(wanted(), compliant(), (nothing,))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.note == "The policy names nothing that this rule asks about."


GATES: dict[str, tuple[tuple[tuple[Status, Severity], ...], Gate]] = {
    "all pass": (((Status.PASS, Severity.HIGH),), Gate.PASSED),
    "a violation": (((Status.PASS, Severity.HIGH), (Status.FAIL, Severity.MEDIUM)), Gate.FAILED),
    "a violation below the threshold": (((Status.PASS, Severity.HIGH), (Status.FAIL, Severity.LOW)), Gate.PASSED),
    "a violation wins": (((Status.INCONCLUSIVE, Severity.LOW), (Status.FAIL, Severity.HIGH)), Gate.FAILED),
    "unseen, whatever its severity": (
        ((Status.PASS, Severity.HIGH), (Status.INCONCLUSIVE, Severity.LOW)),
        Gate.INCOMPLETE,
    ),
    "unseen beside a low violation": (
        ((Status.INCONCLUSIVE, Severity.LOW), (Status.FAIL, Severity.LOW)),
        Gate.INCOMPLETE,
    ),
    "waived": (((Status.WAIVED, Severity.HIGH),), Gate.PASSED),
    "nothing evaluated": (((Status.NOT_APPLICABLE, Severity.HIGH),), Gate.INCOMPLETE),
    "nothing at all": ((), Gate.INCOMPLETE),
}


@pytest.mark.parametrize("case", GATES)
def test_the_gate(case: str) -> None:
    shapes, gate = GATES[case]
    model = found(symptom(PASS))
    findings = tuple(replace(model, status=status, severity=severity) for status, severity in shapes)
    assert summarise(findings, Severity.MEDIUM).gate is gate
