"""Neutralisers: what untrusted text becomes before it enters a sink, one function a sink.

Names, tags and error texts come from Azure or from a saved report, so whoever may name a resource writes them. What a
reader could not see (controls, escape sequences, bidirectional marks, half characters) becomes U+FFFD rather than
nothing: two names that differ stay different, and the reader sees that something was there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mzaudit.policy.enums import counted

REPLACEMENT = "\ufffd"

_PLANE_ENDS = "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
# Controls, line separators, surrogates, non-characters, and all that Unicode lets a reader ignore (soft hyphen,
# zero-width and bidirectional marks, fillers, variation selectors, tags).
UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff" + _PLANE_ENDS + "]"
)
SURROGATE = re.compile("[\ud800-\udfff]")

# Broken with a space, not a zero-width character: a culture-aware comparison in a log reader looks through the latter.
_AZURE_COMMAND = re.compile(r"##(?=vso|\[)", re.IGNORECASE)
_GITHUB_COMMAND = re.compile(r"^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)
_ENTITY = re.compile(r"[^A-Za-z0-9 ./-]")
# Words that no Markdown dialect reads as more than text, in the middle of a line. A word that holds anything else (an
# underscore, a colon but in a time of day, `@`, `#`), or that a reader would make a link of, stands as code.
_WORD = re.compile(r"[(']?(?:[A-Za-z0-9]+(?:[./'-][A-Za-z0-9]+)*|\d\d:\d\d(?::\d\d)?)[)']?[.,;:]?|[-+=]")
_LINKED = re.compile(r"www\.|\bgh-[0-9]|\b[0-9a-f]{7,40}\b", re.IGNORECASE)

_TICKS = re.compile("`+")
_SARIF_ESCAPES = {"\\": "\\\\", "[": "\\[", "]": "\\]", "{": "{{", "}": "}}"}
_SARIF = re.compile(r"[\\\[\]{}]")
# Spreadsheets begin a formula with these, the full-width ones in East Asian settings; some split lines at `;` or `|`.
_FORMULA = re.compile(r"(^|[,;|])(\s*[-=+@\uff0d\uff1d\uff0b\uff20])")
_HARMLESS_CELL = re.compile(r"[A-Za-z0-9(<'\"/][A-Za-z0-9 ()<>'\"/._-]*")  # and short, as most cells are
_LONGEST_CELL = 30_000  # Excel holds 32,767 characters


def plain(text: str) -> str:
    """One line that any reader shows as it is: white space becomes a space, what cannot be shown U+FFFD."""
    if text.isascii() and text.isprintable():  # nearly all texts, and many times as fast
        return text
    return UNSHOWABLE.sub(lambda found: " " if found[0] in "\t\n\r" else REPLACEMENT, text)


def shorten(text: str, limit: int) -> str:
    """The text, or its first `limit` characters and how many are missing."""
    return text if len(text) <= limit else f"{text[:limit]}… ({counted(len(text) - limit, 'more character')})"


def log(text: str) -> str:
    """Text of any number of lines in which no pipeline finds a command (`##vso[`, `##[`, `::error`)."""
    if "##" not in text and "::" not in text:
        return text
    return _GITHUB_COMMAND.sub(r"\1: ", _AZURE_COMMAND.sub("# #", text))


def xml(text: str) -> str:
    """One line for a JUnit attribute or element: also no attachment (`[[ATTACHMENT|path]]`) that a reader would upload.

    Markup characters are the serialiser's to escape.
    """
    return log(plain(text)).replace("[[", "[ [")


def code(text: str, limit: int = 500) -> str:
    """Markdown in which the text is inert anywhere, table cells too: no markup, link, mention, emoji or formula."""
    shown = shorten(plain(text), limit) or "(empty)"
    return f"<code>{_ENTITY.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>"


def span(text: str, limit: int = 500) -> str:
    """The same for Markdown without HTML: a code span whose fence is longer than any in it. Not for a table's cell."""
    shown = log(shorten(plain(text), limit)) or "(empty)"
    fence = "`" * (max(map(len, _TICKS.findall(shown)), default=0) + 1)
    edge = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def prose(text: str, limit: int = 500, code: Callable[[str, int], str] = code) -> str:
    """A sentence in Markdown: plain words as they are, runs of all others as inert code. Never at a line's start."""
    words = shorten(plain(text), limit).split(" ")
    runs: list[tuple[bool, list[str]]] = []
    for word in words:
        harmless = not word or (_WORD.fullmatch(word) is not None and _LINKED.search(word) is None)
        if runs and runs[-1][0] is harmless:
            runs[-1][1].append(word)
        else:
            runs.append((harmless, [word]))
    shown = [" ".join(run) if harmless else _quoted(" ".join(run), limit, code) for harmless, run in runs]
    return " ".join(shown) if text else code("", limit)


def _quoted(run: str, limit: int, code: Callable[[str, int], str]) -> str:
    """The run as code, but for the sentence's punctuation around it: its stop, and a parenthesis left open or shut."""
    stop = run[-1] if len(run) > 1 and run[-1] in ".,;:" else ""
    inner = run.removesuffix(stop)
    depth = inner.count("(") - inner.count(")")
    if depth > 0 and len(inner) > 1 and inner[0] == "(":
        return f"({code(inner[1:], limit)}{stop}"
    if depth < 0 and len(inner) > 1 and inner[-1] == ")":
        return f"{code(inner[:-1], limit)}){stop}"
    return f"{code(inner, limit)}{stop}"


def comment(text: str) -> str:
    """One line behind a shell's `#`."""
    return log(plain(text))


def sarif(text: str, limit: int = 2_000) -> str:
    """One line of a SARIF message: no link (`[x](https://...)`) and no placeholder (`{0}`)."""
    return _SARIF.sub(lambda found: _SARIF_ESCAPES[found[0]], log(shorten(plain(text), limit)))


def mermaid(text: str, limit: int = 100) -> str:
    """A part of a quoted label of a Mermaid diagram; `#58;` is how Mermaid spells a colon."""
    return _ENTITY.sub(lambda found: f"#{ord(found[0])};", shorten(plain(text), limit))


def cell(text: str) -> str:
    """A CSV field that no spreadsheet takes for a formula, whichever separator it splits the line at."""
    if len(text) < 100 and (not text or _HARMLESS_CELL.fullmatch(text)):
        return text
    return _FORMULA.sub(r"\1'\2", log(shorten(plain(text), _LONGEST_CELL)))
