"""Which sections the requirements cite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mzaudit.policy.document.page_sections import EMPTY, PageSection
from mzaudit.policy.requirements import Requirement

_LONGEST = 80  # a comparison costs time, and nobody misspells so much


@dataclass(frozen=True, slots=True)
class MissingCitation:
    """A requirement that cites a section which the page does not have; `nearest` is empty where none is alike."""

    requirement: Requirement
    cited: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Citations:
    """The requirements that rest on each section, by its name; those of a section rest on what is within it too."""

    of_section: dict[str, tuple[Requirement, ...]]
    missing: tuple[MissingCitation, ...]
    uncited: tuple[PageSection, ...]


def citations(requirements: Iterable[Requirement], sections: Sequence[PageSection]) -> Citations:
    """A requirement cites sections by name, title or number; several with a semicolon between."""
    resting: dict[str, list[Requirement]] = {}
    missing = []
    for requirement in requirements:
        whole = find_sections(requirement.section, sections)
        parts = [requirement.section] if whole else [part.strip() for part in requirement.section.split(";")]
        for part in parts:
            found = whole or find_sections(part, sections)
            if not found:
                missing.append(MissingCitation(requirement, part, nearest(part, sections)))
            for section in sections:
                if any(one.name == section.name or one.name in section.within for one in found):
                    held = resting.setdefault(section.name, [])
                    if requirement not in held:
                        held.append(requirement)
    uncited = tuple(one for one in sections if one.name not in resting and one.digest != EMPTY)
    return Citations({name: tuple(held) for name, held in resting.items()}, tuple(missing), uncited)


def find_sections(word: str, sections: Iterable[PageSection]) -> tuple[PageSection, ...]:
    """Those of that name; else of that title or number, whatever their case."""
    named = tuple(one for one in sections if one.name == word)
    return named or tuple(one for one in sections if _folded(word) in _spellings(one))


def nearest(word: str, sections: Iterable[PageSection]) -> str:
    """The name of a section that may be meant; empty where none is alike."""
    spelt = {spelling: one.name for one in sections for spelling in _spellings(one) if len(spelling) <= _LONGEST}
    near = get_close_matches(_folded(word), spelt, 1) if len(word) <= _LONGEST else ()
    return spelt[near[0]] if near else ""


def _spellings(one: PageSection) -> tuple[str, ...]:
    numbered = (one.number, f"{one.number} {one.title}", f"{one.number}. {one.title}") if one.number else ()
    return tuple(map(_folded, (one.name, one.title, *numbered)))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
