"""The styles of tags that a policy can document: commits, semantic versions, any, or a pattern."""

from __future__ import annotations

import re
from typing import Final

from mzaudit.snapshot.text import wildcard

COMMIT: Final = "commit"
SEMVER: Final = "semver"
ANY: Final = "any"

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT: Final = re.compile(r"[0-9a-f]{7,39}")
# https://semver.org, with the v before it that most write; a tag cannot hold the + of build metadata.
_SEMVER: Final = re.compile(
    r"v?(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)

Precedence = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]


def is_of(style: str, tag: str) -> bool:
    """Whether a tag is of a style; a style that is none of the words is a pattern, `*` for anything."""
    match style:
        case "commit":
            return _COMMIT.fullmatch(tag) is not None
        case "semver":
            return precedence(tag) is not None
        case "any":
            return True
        case _:
            return wildcard.matches(style, tag)


def is_short_commit(tag: str) -> bool:
    """Whether a tag may be a shortened commit: 7 to 39 hexadecimal digits, which a build number may be as well."""
    return _SHORT_COMMIT.fullmatch(tag) is not None


def words(style: str) -> str:
    """What a tag of that style is, for a sentence."""
    match style:
        case "commit":
            return "a commit"
        case "semver":
            return "a semantic version"
        case "any":
            return "a tag"
        case _:
            return f"a tag like {style}"


def is_release(tag: str) -> bool:
    """Whether a tag is a semantic version that is no pre-release."""
    found = _SEMVER.fullmatch(tag)
    return found is not None and found[4] is None


def precedence(tag: str) -> Precedence | None:
    """What semantic versions are ordered by; None for a tag that is none. A pre-release comes before its version."""
    found = _SEMVER.fullmatch(tag)
    if found is None:
        return None
    numbers = tuple(int(found[n]) for n in (1, 2, 3))
    if found[4] is None:
        return numbers, ((2, 0, ""),)
    pre = tuple(
        (0, int(each), "") if each.isdigit() and each.isascii() else (1, 0, each) for each in found[4].split(".")
    )
    return numbers, pre
