"""What a person has reviewed of the document: the digest of each section, in a file beside the policy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mzaudit.policy.document.page_sections import EMPTY, PageSection

LOCK = "document.lock"
ALL = "all"

_HEAD = """\
# The sections of the document as the policy was last reviewed against them: digest and name.
# Written by: mzaudit policy document --accept
"""
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True, slots=True)
class PageChanges:
    """How a page differs from what was reviewed: sections whose words changed, that are new, that were moved or renamed
    (with their earlier names), and the names of those that are gone."""

    changed: tuple[PageSection, ...]
    new: tuple[PageSection, ...]
    moved: tuple[tuple[str, PageSection], ...]
    gone: tuple[str, ...]

    @property
    def to_review(self) -> bool:
        """Whether words changed: what only moved says the same elsewhere."""
        return bool(self.changed or self.new or self.gone)


def parse_lock(text: str) -> dict[str, str]:
    """The digest of each reviewed section, by its name. Raises `ValueError` with the number of a line that is wrong."""
    reviewed: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.rstrip())
        if found is None or found[2] in reviewed:
            raise ValueError(number)
        reviewed[found[2]] = found[1]
    return reviewed


def lock_text(reviewed: Mapping[str, str]) -> str:
    """The file."""
    return _HEAD + "".join(f"{digest}  {name}\n" for name, digest in reviewed.items())


def page_changes(reviewed: Mapping[str, str], sections: Sequence[PageSection]) -> PageChanges:
    """The differences. What stands word for word under another name has moved, and has not changed."""
    now = {section.name: section.digest for section in sections}
    left: dict[str, list[str]] = {}
    for name, digest in reviewed.items():
        if now.get(name) != digest and digest != EMPTY:
            left.setdefault(digest, []).append(name)
    moved: dict[str, str] = {}
    for section in sections:
        if reviewed.get(section.name) != section.digest and left.get(section.digest):
            moved[section.name] = left[section.digest].pop(0)
    kept = set(moved.values())
    whole = {name for name in moved if name not in reviewed or name in kept}  # over nothing that is lost
    others = [section for section in sections if reviewed.get(section.name) != section.digest]
    others = [section for section in others if section.name not in whole]
    return PageChanges(
        tuple(section for section in others if section.name in reviewed),
        tuple(section for section in others if section.name not in reviewed),
        tuple((moved[section.name], section) for section in sections if section.name in whole),
        tuple(name for name in reviewed if name not in now and name not in kept),
    )


def accepted(reviewed: Mapping[str, str], sections: Sequence[PageSection], names: Iterable[str]) -> dict[str, str]:
    """What is reviewed once the sections of these names are, gone ones too; in the order of the page."""
    taken = set(names)
    earlier = {old for old, new in page_changes(reviewed, sections).moved if new.name in taken}
    now = {section.name: section.digest for section in sections}
    order = dict.fromkeys((*now, *reviewed))
    return {
        name: now[name] if name in taken else reviewed[name]
        for name in order
        if (name in now if name in taken else name in reviewed and name not in earlier)
    }
