"""The document's page and the record of its review, read from files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mzaudit.errors import InputError
from mzaudit.policy.document.page_sections import MARKDOWN, PAGES, PageSection, page_sections
from mzaudit.policy.document.section_lock import LOCK, PageChanges, page_changes, parse_lock

LARGEST = 1024 * 1024
MOST_SECTIONS = 2_000


@dataclass(frozen=True, slots=True)
class DocumentReview:
    """A page as it is, and what was reviewed of it: None where nobody recorded a review."""

    page: str
    sections: tuple[PageSection, ...]
    reviewed: Mapping[str, str] | None

    @property
    def changes(self) -> PageChanges:
        """What there is to review."""
        return page_changes(self.reviewed or {}, self.sections)


def named_page(document: str) -> bool:
    """Whether what a policy says of its document is the path of a page, and no title."""
    return PurePosixPath(document).suffix.lower() in PAGES


def review(path: Path, page: str, folder: Path) -> DocumentReview:
    """The page at `path`, which is called `page`, and its review in the policy's folder. Raises `InputError`."""
    try:
        real = path.resolve()
        if real.suffix.lower() not in PAGES:  # a link may lead to what is no page, and whose lines are not to be shown
            raise InputError(f"{page}: expected one of {', '.join(PAGES)}")
        text = _read(real, page)
        reviewed = _reviewed(folder)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "a circle of links"
        raise InputError(f"{page}: cannot be read: {reason}") from None
    sections = page_sections(text, markdown=real.suffix.lower() in MARKDOWN, most=MOST_SECTIONS + 1)
    if len(sections) > MOST_SECTIONS:
        raise InputError(f"{page}: more than {MOST_SECTIONS:,} sections")
    return DocumentReview(page, sections, reviewed)


def gone(page: str, folder: Path) -> DocumentReview | None:
    """The review of a page that is not there: all that was reviewed is gone. None where nothing was, for then the page
    may lie in another repository. Raises `InputError` for a record that cannot be read."""
    try:
        reviewed = _reviewed(folder)
    except OSError as error:
        raise InputError(f"{LOCK}: cannot be read: {error.strerror}") from None
    return DocumentReview(page, (), reviewed) if reviewed is not None else None


def _reviewed(folder: Path) -> Mapping[str, str] | None:
    lock = folder / LOCK
    if not lock.exists():
        return None
    try:
        return parse_lock(_read(lock, LOCK))
    except ValueError as error:
        raise InputError(
            f"{LOCK}:{error}: expected the digest and name of a section, each name once: write the file again with"
            " `mzaudit policy document --accept all` once it is deleted"
        ) from None


def _read(path: Path, name: str) -> str:
    if not path.is_file():
        raise InputError(f"{name}: {'not a regular file' if path.exists() else 'no such file'}")
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise InputError(f"{name}: larger than 1 MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected UTF-8 text, found the byte 0x{raw[error.start]:02x}") from None
