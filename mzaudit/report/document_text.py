"""What changed in the document since the policy was reviewed against it, and what rests on that, for a terminal; and
the same in a sentence for a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mzaudit.policy.document.citations import Citations, citations
from mzaudit.policy.document.page_sections import PageSection
from mzaudit.policy.enums import counted
from mzaudit.policy.loader.document_page import DocumentReview
from mzaudit.policy.requirements import Requirement
from mzaudit.report.escaping import plain

_MOST = 5  # sections in a sentence


def document_text(
    review: DocumentReview, cited: Citations, cited_at: Mapping[str, str], policy_lines: Mapping[str, Sequence[str]]
) -> str:
    """Each group of sections with its requirements and lines of the policy, and at the end what there is to do.

    `cited_at` tells where a requirement names its section, by its id; `policy_lines` what a rule asks about, by code.
    """
    changes = review.changes

    def resting(name: str) -> Iterator[str]:
        on = cited.of_section.get(name, ())
        if on:
            yield f"      requirements: {', '.join(f'{each.id} ({cited_at[each.id]})' for each in on)}"
        codes = dict.fromkeys(code for each in on for code in each.answered_by)
        lines = [line for code in codes for line in policy_lines.get(code, ())]
        if lines:
            yield f"      policy: {'; '.join(ranges(lines))}"

    def told(title: str, sections: Iterable[tuple[PageSection, str]]) -> Iterator[str]:
        for first, (section, more) in enumerate(sections):
            if not first:
                yield f"{title}:"
            yield f"  {review.page}:{section.line}: {section.name}{more}"
            yield from resting(section.name)

    out = [f"{review.page}: {counted(len(review.sections), 'section')}"]
    if review.reviewed is not None:
        out += told("changed since it was reviewed", ((one, "") for one in changes.changed))
        out += told("new", ((one, "") for one in changes.new))
        out += told("moved or renamed, and says the same", ((one, f" (was {old})") for old, one in changes.moved))
        out += [f"gone:\n  {name}" if not first else f"  {name}" for first, name in enumerate(changes.gone)]
    out += told("cited by no requirement", ((one, "") for one in cited.uncited))
    absent: dict[str, list[str]] = {}
    for one in cited.missing:
        hint = f" (did you mean {one.nearest!r}?)" if one.nearest else ""
        by = f"{one.requirement.id} ({cited_at[one.requirement.id]})"
        absent.setdefault(f"  {one.cited!r}{hint}, cited by ", []).append(by)
    out += ["cited, and not in the page:"] * bool(absent)
    out += [f"{what}{', '.join(by)}" for what, by in absent.items()]
    if cited.missing and not cited.of_section:
        out.append("  None of the cited sections is there: text copied from a browser may have lost its headings.")
    return "\n".join(plain(line) for text in (*out, _to_do(review)) for line in text.split("\n"))


def _to_do(review: DocumentReview) -> str:
    if review.reviewed is None:
        return "No review is recorded. Compare page and policy, then: mzaudit policy document --accept all"
    if not review.changes.to_review:
        return "Reviewed as it is."
    return "Bring the policy up to date, then record it: mzaudit policy document --accept SECTION"


def document_warnings(review: DocumentReview | None, requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """A sentence where the page has moved on since the policy was reviewed against it."""
    if review is None:
        return ()
    if review.reviewed is None:
        return (f"{review.page}: no review of the document is recorded: see `mzaudit policy document`",)
    changes = review.changes
    if not changes.to_review:
        return ()
    resting = citations(requirements, review.sections).of_section

    def name(section: PageSection) -> str:
        ids = ", ".join(each.id for each in resting.get(section.name, ()))
        return f"{section.name} ({ids})" if ids else section.name

    groups = {
        "changed": [name(one) for one in changes.changed],
        "new": [name(one) for one in changes.new],
        "gone": list(changes.gone),
    }
    said = "; ".join(f"{word}: {_some(names)}" for word, names in groups.items() if names)
    return (f"{review.page}: the document has changed since the policy was reviewed: {said}",)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def ranges(places: Iterable[str]) -> tuple[str, ...]:
    """Places `file:line` with the lines of a file together: `policies/a.yaml:3-5, 9`."""
    files: dict[str, set[int]] = {}
    for place in places:
        file, _, line = place.rpartition(":")
        files.setdefault(file, set()).add(int(line))
    return tuple(f"{file}:{', '.join(_runs(sorted(lines)))}" for file, lines in sorted(files.items()))


def _runs(lines: Sequence[int]) -> Iterator[str]:
    first = 0
    for index, line in enumerate(lines):
        if index + 1 == len(lines) or lines[index + 1] != line + 1:
            yield str(line) if first == index else f"{lines[first]}-{line}"
            first = index + 1
