"""`every`, exhaustively: whatever the unseen turns out to be, a conclusion stands."""

from __future__ import annotations

from itertools import product

import pytest

from mzaudit.engine import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Severity, Verdict, every
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved

GAP = Gap(GapReason.FORBIDDEN, "GET one")
PROOF = (Evidence("here", "a", "b"),)
FIX = Fix("Owner", ("az group list",))
OUTCOMES: dict[str, Verdict] = {
    "pass": Pass(PROOF),
    "fail": Fail(PROOF, "Wrong.", "Mend it.", FIX),
    "weak": Fail(PROOF, "A little wrong.", "Mend it.", FIX, severity=Severity.LOW),
    "skip": NotApplicable("Not asked."),
}
SEEN = [*OUTCOMES, "unseen"]


def outcome(name: str) -> Verdict:
    if name == "unseen":
        raise Unobserved(GAP)
    return OUTCOMES[name]


def concluded(verdict: Verdict) -> tuple[type, Severity | None]:
    return type(verdict), verdict.severity if isinstance(verdict, Fail) else None


@pytest.mark.parametrize("members", [m for n in range(4) for m in product(SEEN, repeat=n)], ids=" ".join)
def test_a_conclusion_stands_whatever_the_unseen_turns_out_to_be(members: tuple[str, ...]) -> None:
    now = every(members, outcome, empty="Nothing to ask.")
    if isinstance(now, Inconclusive):
        assert "unseen" in members
        return
    choices = [[member] if member != "unseen" else list(OUTCOMES) for member in members]
    for truth in product(*choices):
        then = every(truth, outcome, empty="Nothing to ask.")
        if isinstance(now, Fail) and now.gaps:  # what was found stands; what was not read may be worse
            assert isinstance(then, Fail)
            assert then.severity in (now.severity, None)
        else:
            assert concluded(then) == concluded(now)


@pytest.mark.parametrize("members", [m for n in range(3) for m in product(OUTCOMES, repeat=n)], ids=" ".join)
def test_a_listing_cut_short_concludes_only_a_failure(members: tuple[str, ...]) -> None:
    cut = every(members, outcome, empty="Nothing to ask.", missing=GAP)
    assert isinstance(cut, Inconclusive if {"fail", "weak"}.isdisjoint(members) else Fail)
    if isinstance(cut, Fail):
        assert cut.gaps == (() if "fail" in members else (GAP,))


def test_nothing_at_all_is_not_a_pass() -> None:
    assert every((), outcome, empty="Nothing to ask.") == NotApplicable("Nothing to ask.")


def test_one_failure_out_of_several_says_each_thing_once() -> None:
    one = Fail((PROOF[0],), "Wrong.", "Mend it.", FIX, severity=Severity.LOW)
    two = Fail((PROOF[0],), "Wrong.", "Mend it.", FIX, severity=Severity.HIGH)
    verdict = every((one, two), lambda fail: fail, empty="Nothing to ask.")
    assert verdict == Fail((PROOF[0], PROOF[0]), "Wrong.", "Mend it.", FIX, Severity.HIGH)


@pytest.mark.parametrize(
    "empty",
    [
        lambda: Pass(()),
        lambda: Fail((), "note", "mend", FIX),
        lambda: Fail(PROOF, "", "mend", FIX),
        lambda: Fail(PROOF, "note", "", FIX),
        lambda: Fail(PROOF, "note", "mend", Fix("", ("az group list",))),
        lambda: Fail(PROOF, "note", "mend", Fix("Owner", ())),
        lambda: Fail(PROOF, "note", "mend", Fix("Owner", ("",))),
        lambda: Inconclusive(()),
        lambda: NotApplicable(""),
    ],
    ids=[
        "pass",
        "fail without evidence",
        "fail without note",
        "fail without cure",
        "fix without role",
        "fix without commands",
        "fix with an empty command",
        "inconclusive",
        "not applicable",
    ],
)
def test_a_verdict_refuses_to_be_empty(empty) -> None:  # type: ignore[no-untyped-def]  # a table of constructors
    with pytest.raises(ValueError, match="needs"):
        empty()
