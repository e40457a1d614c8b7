"""Equality labels under a key that several runs share: comparable, and otherwise as silent as drawn ones."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.text.sealed_values import Classifier, Sealed
from mzaudit.errors import InputError
from tests.cli.conftest import Outcome, folder, mzaudit

__all__ = ["folder", "mzaudit"]

KEY, OTHER = "0f" * 32, "e1" * 32


def label(key: str | None, value: str, among: str = "a") -> int:
    """What a run of its own makes of a value."""
    return Classifier("", Sealed(key) if key else None).secret(Sealed(value), among).same


def test_labels_of_one_key_are_compared_and_no_others_are() -> None:
    assert label(KEY, "one") == label(KEY, "one")
    assert label(KEY, "one") != label(KEY, "two")
    assert label(KEY, "one") != label(KEY, "one", "b"), "only among the secrets of one set"
    assert label(KEY, "one") != label(OTHER, "one")
    assert label(None, "one") != label(None, "one")


def test_the_name_of_a_key_tells_keys_apart_and_is_no_part_of_them() -> None:
    names = [Classifier("", Sealed(key)).key_id for key in (KEY, KEY, OTHER)]
    assert names[0] == names[1] != names[2]
    assert names[0] not in KEY
    assert Classifier().key_id == ""


@pytest.mark.parametrize("text", ["qq", "ab" * 31, "ab" * 33, "zz" * 32, "correct horse battery staple"])
def test_a_key_that_could_be_guessed_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InputError) as refused:
        Connection.from_environment({"MZAUDIT_LABEL_KEY": text})
    assert text not in str(refused.value)
    assert text not in repr(Connection.from_environment({"MZAUDIT_LABEL_KEY": f"{KEY}\n"}))


def test_the_parts_of_one_night_are_compared(mzaudit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    """Green under one key; incomplete under two, and without; the key and no value stands in a snapshot."""
    mzaudit("init", "--example", "monozu")
    for number, keys in enumerate(((KEY, KEY), (KEY, OTHER), ("", ""))):
        for env, key in zip(("stg", "prd"), keys, strict=True):
            monkeypatch.setenv("MZAUDIT_LABEL_KEY", key)
            assert mzaudit("collect", "--env", env, "--simulate", "compliant", "-o", f"{env}.json").code == 0
        asked = ("check", "--env", "stg", "--env", "prd", "--snapshot", "stg.json", "--snapshot", "prd.json")
        outcome = mzaudit(*asked, "-o", "csv")
        assert outcome.code == (0 if number == 0 else 3)
        if number:
            assert {line.split(",")[0] for line in re.findall(r"^.*inconclusive.*$", outcome.out, re.M)}
            assert "KV-008" in outcome.out
    missing = mzaudit(*asked[:-1], "none.json", "-o", "terminal")
    assert missing.code == 3
    assert "none.json: is not there: a part of this snapshot is missing (prd)" in missing.out
    assert mzaudit("check", "--env", "prd", "--snapshot", "none.json").code == 2
    assert mzaudit("check", "--env", "prd", "--snapshot", "a.json", "--snapshot", "b.json").code == 2
