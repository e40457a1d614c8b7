"""Law: Azure may be odd. Only what rests on an odd member may become undecided, and nothing is decided otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest

from tests.odd import law
from tests.odd.law import LOST, SAME, Answered, Odd, answers, kind, lost, respelled, unknown_words
from tests.odd.replay import Replay, replayed
from tests.promises.conftest import EXHAUSTIVE, evidence

__all__ = ["evidence"]

_LARGE = 20_000  # bytes: one list holds every built-in role
_SAMPLE = 5  # kinds of answers


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with replayed("compliant") as made:
        yield made


def drawn(replay: Replay, seed: int) -> Sequence[Answered]:
    """One answer of each kind, or of some kinds drawn by seeded dice."""
    firsts = [
        each[0]
        for each in answers(replay).values()
        if len(replay.kept.answers[each[0].asked].body) < _LARGE  # type: ignore[union-attr]  # `answers` has no gaps
    ]
    return firsts if EXHAUSTIVE else random.Random(seed).sample(firsts, _SAMPLE)


def found(
    tried: Iterable[Answered], look: Callable[[Answered], Iterable[Odd]], evidence: Callable[[str, int], None]
) -> str:
    """What is wrong, in lines; counted."""
    lines: list[str] = []
    for answer in tried:
        odd = list(look(answer))
        evidence("odd answers tried", answer.tried)
        evidence("poisoned verdicts", sum(len(each.wrong) for each in odd))
        lines += map(str, odd)
    return "\n".join(lines)


def test_nothing_is_undecided_by_itself(replay: Replay) -> None:
    assert {each.status for each in replay.judged.values()} <= {"pass", "not-applicable"}
    assert len(answers(replay)) > 40


@pytest.mark.parametrize("oddity", LOST)
def test_what_is_not_there_decides_nothing(oddity: str, replay: Replay, evidence: Callable[[str, int], None]) -> None:
    said = found(drawn(replay, len(oddity)), lambda answer: lost(answer, oddity), evidence)
    assert said == "", said


def test_the_same_in_other_words_is_the_same(replay: Replay, evidence: Callable[[str, int], None]) -> None:
    def look(answer: Answered) -> Iterator[Odd]:
        for oddity in SAME:
            yield from respelled(answer, oddity)

    said = found(drawn(replay, 3), look, evidence)
    assert said == "", said


def test_an_unknown_word_takes_nothing_with_it(replay: Replay, evidence: Callable[[str, int], None]) -> None:
    said = found(drawn(replay, 5), unknown_words, evidence)
    assert said == "", said


def test_the_law_can_be_broken(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that does not say how it authorises fails; were that not known, the law would see it."""
    nothing: Mapping[str, str] = {}
    monkeypatch.setattr(law, "SILENT", nothing)
    vault = next(each[0] for name, each in answers(replay).items() if name.endswith("Microsoft.KeyVault/vaults/*"))
    odd = {each.member: each.wrong for each in lost(vault, "left out")}
    assert "KV-002 vault" in odd["properties.enableRbacAuthorization"][0]
    assert kind(vault.asked) == "GET /subscriptions/*/resourceGroups/*/providers/Microsoft.KeyVault/vaults/*"
