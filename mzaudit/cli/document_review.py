"""The review of the document: recorded, and traced to the lines of the policy that rest on a section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mzaudit.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from mzaudit.policy.loader.document_page import DocumentReview
    from mzaudit.policy.loader.load import Loaded

_NOWHERE = "00000000-0000-0000-0000-000000000000"  # no subscription is asked


def accept_sections(review: DocumentReview, lock: Path, names: Sequence[str]) -> DocumentReview:
    """Record that these sections were reviewed as they are, or are gone on purpose. Raises `InputError` for one that is
    neither, or that may be several; then nothing is recorded."""
    from mzaudit.cli import output
    from mzaudit.policy.document.citations import find_sections, nearest
    from mzaudit.policy.document.section_lock import ALL, accepted, lock_text

    earlier = review.reviewed or {}
    taken: list[str] = []
    wrong: list[str] = []
    for name in names:
        found = [one.name for one in find_sections(name, review.sections)]
        if name == ALL:
            taken += [*earlier, *(one.name for one in review.sections)]
        elif len(found) == 1 or (not found and name in earlier):
            taken += found or [name]
        elif found:
            wrong.append(f"--accept {name[:80]!r}: expected one section, found {', '.join(map(repr, found))}")
        else:
            near = nearest(name, review.sections)
            hint = f"; did you mean {near!r}?" if near else ""
            wrong.append(f"--accept {name[:80]!r}: no such section of {review.page}{hint}")
    if wrong:
        raise InputError("\n".join(wrong))
    reviewed = accepted(earlier, review.sections, taken)
    output.write_file(lock, (lock_text(reviewed),))
    return replace(review, reviewed=reviewed)


def policy_lines(loaded: Loaded) -> Mapping[str, tuple[str, ...]]:
    """For each rule the `file:line` of everything in the policy that it asks about, in any environment."""
    from mzaudit.cli.plugins import rules_with
    from mzaudit.cli.resolve import bind_policy

    environments = tuple(loaded.policy.environments)
    wanted = bind_policy(loaded, environments, dict.fromkeys(environments, _NOWHERE))
    return {
        rule.code: tuple(
            dict.fromkeys(
                subject.where for env in environments for subject in rule.over(wanted, wanted.environments[env])
            )
        )
        for rule in rules_with(loaded.policy.plugins)
    }
