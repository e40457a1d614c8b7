"""What may be shown of text that people write into a configuration: parts of a known grammar; all else as its kind.

Only this module makes a `Shown`: a field of that type cannot take text as it came.
"""

from __future__ import annotations

import re
from typing import Final, NewType

from mzaudit.snapshot.text import image_reference, issued_credentials

Shown = NewType("Shown", str)
"""A part that holds no secret by its grammar, or the kind of a text that is not shown."""

NOTHING: Final = Shown("")
_URL: Final = Shown("a URL (not shown)")
_TEXT: Final = Shown("a text (not shown)")
_UPPER: Final = Shown("an image reference with upper-case letters (not shown)")

_KEY: Final = Shown("a text with the marks of a credential (not shown)")

_RUN: Final = re.compile(r"[0-9A-Za-z]{16,}")
_DIGITS: Final = re.compile(r"[0-9]+")
_OF_A_KEY: Final = 5  # groups of digits in one run: names have fewer
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOST: Final = re.compile(r"[0-9A-Za-z-]{1,63}(?:\.[0-9A-Za-z-]{1,63}){0,9}")
_WORD: Final = re.compile(r"[A-Za-z]{1,40}")
_NAME: Final = re.compile(r"[0-9A-Za-z_.:-]{1,256}")
_TITLE: Final = re.compile(r"[\w .,()<>#'&+-]{1,250}")
_PART: Final = re.compile(r"[\w ./,()<>#'&+-]{1,1024}")
_SECRET: Final = re.compile(r"[0-9A-Za-z_-]{1,127}")
_VERSION: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)  # which is what Key Vault makes
_ID: Final = re.compile(
    r"/subscriptions(?:/[0-9A-Za-z_.()-]{1,260}){1,20}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)
_STACKS: Final = frozenset(
    {
        *("node", "python", "php", "ruby", "go", "java", "tomcat", "jbosseap", "static", "staticsite"),
        *("dotnetcore", "dotnet", "dotnet-isolated", "aspdotnetv4", "powershell", "custom"),
    }
)


def kind(text: str) -> Shown:
    """What kind of text it is, and nothing of it; of no text, nothing."""
    if not text:
        return NOTHING
    return _URL if "://" in text else _TEXT


def image(text: str) -> Shown:
    """An image reference: host, repository, tag and digest. No repository has a GUID or a key in its name, as the path
    of a web hook has."""
    read = image_reference.parse(text)
    if read is not None:
        webhook = _GUID.search(read.repository) or _mixed(read.repository)
        drawn = _mixed(read.tag or "", both_cases=True)  # a commit, which a tag may name, has one case
        return _KEY if webhook or drawn or _issued(text) else Shown(text)
    return _UPPER if image_reference.parse(text.casefold()) is not None else kind(text)


def name(text: str) -> Shown:
    """The name of a variable, a container, or a mounted share."""
    return _shown(_NAME, text)


def title(text: str) -> Shown:
    """What people call a thing: words, without the signs of a URL or an assignment."""
    return _shown(_TITLE, text)


def part(text: str) -> Shown:
    """A name, an id or a type, whole or in part, as a filter compares it."""
    return _shown(_PART, text)


def word(text: str) -> Shown:
    """A word of an enumeration."""
    return _shown(_WORD, text)


def stack(text: str) -> Shown:
    """The name of a runtime stack of App Service, in lower case."""
    return Shown(text.casefold()) if text.casefold() in _STACKS else kind(text)


def identity(text: str) -> Shown:
    """An identity as a configuration names it: `SystemAssigned`, a resource id, a client id."""
    return Shown(text) if _WORD.fullmatch(text) or _ID.fullmatch(text) else kind(text)


def host(text: str) -> Shown:
    """The name of a host, or the first label of one: a vault's, a storage account's."""
    if not _HOST.fullmatch(text):
        return kind(text)
    return _KEY if _issued(text) else Shown(text)


def secret(text: str) -> Shown | None:
    """The name of a vault's secret, `None` for what can be none. An underscore, which no such name holds, is kept: it
    is the commonest mistake. Only of text that stands for a vault's secret: any path may look like one."""
    return Shown(text) if _SECRET.fullmatch(text) and not is_key(text) else None


def version(text: str) -> Shown:
    """The version of a secret."""
    return Shown(text) if _VERSION.fullmatch(text) else kind(text)


def is_key(text: str) -> bool:
    """Whether a text that has the form of a name has the marks of a credential."""
    return _mixed(text) or _issued(text)


def _mixed(text: str, *, both_cases: bool = False) -> bool:
    runs = (run for run in _RUN.findall(text) if not both_cases or run not in (run.lower(), run.upper()))
    return any(len(_DIGITS.findall(run)) >= _OF_A_KEY for run in runs)


def _issued(text: str) -> bool:
    return bool(issued_credentials.issuers(text)) or issued_credentials.JWT.search(text) is not None


def _shown(grammar: re.Pattern[str], text: str) -> Shown:
    if not grammar.fullmatch(text):
        return kind(text)
    return _KEY if is_key(text) else Shown(text)
