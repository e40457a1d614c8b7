"""The mark by which a comment is found again: it names tool, environment and policy, and renders as nothing."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

_RUN = re.compile(r" run=(\d{1,18})\)\s*")
_IN_LINK = re.compile(r"mzaudit:([A-Za-z0-9%/._~=+-]{1,900}):run=(\d{1,18})")
_DEFAULT = "policies"
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Marker:
    """What a comment is about. `key` is the same for every run of the same gate; `label` names the gate for people,
    and is another for another key."""

    key: str
    label: str

    def line(self, run: int) -> str:
        """The line to put on top of the comment: a link that nothing refers to, which no Markdown dialect draws."""
        return f"{self._start()}{run})"

    def on(self, body: str) -> bool:
        """Whether a comment starts with this mark."""
        first = body.split("\n", 1)[0]
        return first.startswith(self._start()) and _RUN.fullmatch(first, len(self._start()) - len(" run=")) is not None

    def run(self, body: str) -> int:
        """The run that wrote a comment with this mark."""
        return int(body.split("\n", 1)[0][len(self._start()) :].strip()[:-1])

    def fragment(self, run: int) -> str:
        """The same as the last part of a link, for text that is stored as HTML and cleaned of all that is not shown."""
        return f"#mzaudit:{quote(self.key, safe='/=+')}:run={run}"

    def run_in_link(self, html: str) -> int | None:
        """The run that wrote HTML whose first link ends in this mark; none for other HTML."""
        first = _FirstLink()
        first.feed(html)
        found = _IN_LINK.fullmatch(first.href.partition("#")[2])
        return int(found[2]) if found and unquote(found[1]) == self.key else None

    def _start(self) -> str:
        return f"[//]: <> ({self.key} run="


class _FirstLink(HTMLParser):
    """Reads the first link of an HTML text: what stands further down may be anybody's words."""

    href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and not self.href:
            self.href = dict(attrs).get("href") or ""


def marker(kind: str, environments: Sequence[str], policy: str, root: str, folder: str = "") -> Marker:
    """The mark of a gate: its kind (empty for a check), its environments, its policy's files with a comma between.

    `root` is the folder of the repository: an agent may keep it elsewhere tomorrow. `folder` is where in it the gate
    runs: another folder's policy of the same name is another's.
    """
    asked = "+".join(environments)
    where = _policy([_within(name, root, folder) for name in policy.split(", ")])
    tool, before = (f"mzaudit-{kind}", f"{kind} ") if kind else ("mzaudit", "")
    label = before + (asked if where == _DEFAULT else f"{asked} ({where})")
    return Marker(f"{tool} env={_bounded(_quoted(asked))} policy={_bounded(_quoted(where))}", _bounded(label))


def _policy(files: list[str]) -> str:
    """The folder of a policy of several files, which may become more; else the one file."""
    folders = {str(PurePosixPath(name).parent) for name in files}
    return folders.pop() if len(files) > 1 and len(folders) == 1 else ", ".join(files)


def _within(name: str, root: str, folder: str) -> str:
    if name.startswith("/"):
        return name.removeprefix(root.rstrip("/\\") + "/") if root else name
    return posixpath.normpath(posixpath.join(folder, name)) if folder else name


def _quoted(text: str) -> str:
    return quote(text, safe="/", errors="replace")


def _bounded(text: str) -> str:
    """The text, or its start and a digest of the whole: two that differ stay different."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 17]}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
