"""Law: Azure may be odd. Only what rests on an odd member may become undecided, and nothing is decided otherwise."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest

from mzaudit.simulator.sql.contents import Contents
from tests.corpus.reading import CORPUS, names, recorded
from tests.odd import law, rows
from tests.odd.law import LOST, SAME, Answered, Odd, answers, instead, kind, lost, respelled, unknown_words
from tests.odd.replay import Obligation, Replay, replayed
from tests.promises.conftest import EXHAUSTIVE, evidence

__all__ = ["evidence"]

_SMALL = 4_000  # bytes
_SAMPLE = 5  # kinds of answers


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with replayed("compliant") as made:
        yield made


@pytest.fixture(scope="module")
def listing() -> Iterator[Replay]:
    """Whatever can be listed is."""
    with replayed("compliant", many=1) as made:
        yield made


@pytest.fixture(scope="module")
def drifted() -> Iterator[Replay]:
    with replayed("drifted") as made:
        yield made


def drawn(kinds: Iterable[Answered], seed: int, count: int = _SAMPLE) -> Sequence[Answered]:
    """All of the answers, or some small ones that seeded dice draw."""
    tried = list(kinds)
    small = [each for each in tried if len(json.dumps(each.body)) < _SMALL]
    return tried if EXHAUSTIVE else random.Random(seed).sample(small, count)


def firsts(replay: Replay, beside: Replay | None = None) -> list[Answered]:
    """One answer of each kind; only of those kinds that another run does not hear."""
    known = answers(beside) if beside is not None else {}
    return [each[0] for name, each in answers(replay).items() if name not in known]


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
    said = found(drawn(firsts(replay), len(oddity)), lambda answer: lost(answer, oddity), evidence)
    assert said == "", said


def test_the_same_in_other_words_is_the_same(replay: Replay, evidence: Callable[[str, int], None]) -> None:
    def look(answer: Answered) -> Iterator[Odd]:
        for oddity in SAME:
            yield from respelled(answer, oddity)

    said = found(drawn(firsts(replay), 3), look, evidence)
    assert said == "", said


def test_an_unknown_word_takes_nothing_with_it(replay: Replay, evidence: Callable[[str, int], None]) -> None:
    said = found(drawn(firsts(replay), 5), unknown_words, evidence)
    assert said == "", said


def all_of_it(answer: Answered) -> Iterator[Odd]:
    """Whatever the law says of one answer."""
    for oddity in LOST:
        yield from lost(answer, oddity)
    for oddity in SAME:
        yield from respelled(answer, oddity)
    yield from unknown_words(answer)


def test_a_list_in_the_place_of_many_reads_may_be_odd(
    replay: Replay, listing: Replay, evidence: Callable[[str, int], None]
) -> None:
    assert listing.judged.keys() == replay.judged.keys()
    said = found(drawn(firsts(listing, replay), 2, 1), all_of_it, evidence)
    assert said == "", said


def test_an_estate_that_drifted_may_be_odd(drifted: Replay, evidence: Callable[[str, int], None]) -> None:
    said = found(drawn(firsts(drifted), 7, 2), all_of_it, evidence)
    assert said == "", said


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of recorded answers is not here")
def test_what_was_recorded_may_be_odd(replay: Replay, evidence: Callable[[str, int], None]) -> None:
    """A recorded body in the place of a simulated one, whatever is then judged of it."""
    ours = {kind(each.asked).casefold(): each for each in firsts(replay)}
    bodies = [what for what in map(recorded, names()) if what.status == 200 and isinstance(what.body, dict)]
    asked = [(kind((what.method, f"https://{what.host}{what.path}")).casefold(), what) for what in bodies]
    known = [(ours[name], what) for name, what in asked if name in ours]
    assert len(known) > 60
    tried = known if EXHAUSTIVE else random.Random(11).sample(known, 2)
    said = found((instead(answer, what.body, what.path) for answer, what in tried), all_of_it, evidence)
    assert said == "", said


def test_a_list_of_many_roles_may_be_odd(replay: Replay, evidence: Callable[[str, int], None]) -> None:
    """It holds every built-in role, so only nulls are tried of it."""
    roles = next(each for each in firsts(replay) if kind(each.asked).endswith("/roleDefinitions filtered"))
    assert len(json.dumps(roles.body)) > 20_000
    said = found([roles], lambda answer: lost(answer, "null"), evidence)
    assert said == "", said


def broken(contents: Contents) -> None:
    """Something of each kind is wrong inside."""
    contents.create_password_user("legacy")
    contents.create_user("joe", "00000000-0000-0000-0000-00000000000a")
    contents.grant("joe", "CONTROL")
    contents.grant("joe", "IMPERSONATE", "DATABASE_PRINCIPAL", "dbo")
    contents.policies[0].predicates.pop(1)
    history = contents.table("dbo.flyway_schema_history")
    history.rows[-1] = (*history.rows[-1][:-1], False)


@pytest.mark.parametrize("healthy", [True, False], ids=["healthy", "broken"])
@pytest.mark.parametrize("query", rows.QUERIES)
def test_odd_rows_decide_nothing(
    query: str, healthy: bool, replay: Replay, evidence: Callable[[str, int], None]
) -> None:
    contents = copy.deepcopy(replay.estate.database(rows.DATABASE))
    if not healthy:
        broken(contents)
    talk = rows.talked(replay, contents)
    before = talk.judged(talk.rows)
    assert {each.status for each in before.values()} <= {"pass", "not-applicable"} or not healthy
    resting = talk.resting_on(query, before)
    said = [
        f"{oddity}: {each}"
        for oddity, changed in rows.oddities(talk, query)
        for each in talk.odd(query, changed, before, resting)
    ]
    none: frozenset[Obligation] = frozenset()
    same = [each for changed in rows.same(talk, query) for each in talk.odd(query, changed, before, none)]
    evidence("odd answers tried", talk.tried)
    evidence("poisoned verdicts", len(said) + len(same))
    assert said + same == [], "\n".join(said + same)


def test_the_law_can_be_broken(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that does not say how it authorises fails; were that not known, the law would see it."""
    nothing: Mapping[str, str] = {}
    monkeypatch.setattr(law, "SILENT", nothing)
    vault = next(each[0] for name, each in answers(replay).items() if name.endswith("Microsoft.KeyVault/vaults/*"))
    odd = {each.member: each.wrong for each in lost(vault, "left out")}
    assert "KV-002 vault" in odd["properties.enableRbacAuthorization"][0]
    assert kind(vault.asked) == "GET /subscriptions/*/resourceGroups/*/providers/Microsoft.KeyVault/vaults/*"
