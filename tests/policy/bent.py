"""The shipped policy with a few words changed, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.errors import PolicyError
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import files
from mzaudit.rules import vocabulary

# Without the differences that it allows: the cases give their own.
SHIPPED = files()["monozu.yaml"].split("\nparity:")[0] + "\n"


def line_of(text: str, words: str) -> int:
    """The line, from 1, of the first occurrence of some words."""
    return text.count("\n", 0, text.index(words)) + 1


def bent(*changes: tuple[str, str]) -> str:
    """The shipped policy with each of the changes made once; one that changes nothing is a mistake in the test."""
    text = SHIPPED
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def complaints(path: Path, name: str = "p.yaml") -> list[str]:
    """What `load` says of a file or directory that it refuses."""
    with pytest.raises(PolicyError) as error:
        load(path, vocabulary(), name)
    return list(error.value.complaints)


def said_of(tmp_path: Path, content: str | bytes) -> list[str]:
    """What `load` says of a policy of that content."""
    path = tmp_path / "p.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return complaints(path)
