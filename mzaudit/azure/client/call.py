"""One call to Azure as asked (`Call`), as answered (`Answer`), and every call of a run (`Ledger`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from mzaudit.kinds import Kind
from mzaudit.snapshot.estate import Read
from mzaudit.snapshot.observed import Gap, GapReason
from mzaudit.snapshot.text.shown import is_key

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True, slots=True)
class Call:
    """A read: `target` is an ARM path or, on a data plane, an https URL.

    `permission` is the action or data action that it takes at `scope`. `absent` names further error codes with which
    this one service says 404 for "no such thing". `within` is set for a list that Azure may trim to what the caller
    may read: the caller's own permissions there tell whether it did. `unlicensed` are the codes of a 400 that says
    that the tenant lacks the feature, and so all that the list would hold. `body` is the JSON of a POST that asks. For
    the answer of one that `leads` others wait: it goes before those that nothing waits for.
    """

    target: str
    kind: Kind
    permission: str
    scope: str
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    absent: frozenset[str] = frozenset()
    within: tuple[str, ...] = ()
    unlicensed: frozenset[str] = frozenset()
    body: str = ""
    leads: bool = False

    def __str__(self) -> str:
        """The call as reports name it: with its filter, without its version."""
        asked = [f"{name}={value}" for name, value in self.query if name == "$filter"]
        return f"{self.method} {self.target}" + (f"?{asked[0]}" if asked else "")

    @property
    def url(self) -> str:
        """What is sent; the client adds the host where `target` has none."""
        pairs = (*self.query, ("api-version", self.kind.api_version))
        query = "&".join(f"{quote(name, safe='$-')}={quote(value, safe='()')}" for name, value in pairs)
        return f"{quote(self.target, safe='/:%~()')}?{query}"

    @property
    def resource(self) -> str:
        """The id that the answer must carry."""
        return self.target.removesuffix("/list") if self.method == "POST" else self.target

    def gap(self, reason: GapReason, detail: str) -> Gap:
        """The gap that this call leaves."""
        return Gap(reason, str(self), self.scope, self.permission, detail)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer; header names are casefolded. `repr` keeps the body and the headers to itself.

    `took` is the service's own time in seconds: tries that failed and their waits included, those for a turn not.
    `fault` says why there is no body where it was not to be read (`azure.body`).
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    took: float = 0.0
    fault: str = ""

    def code(self) -> str:
        """The most specific error code of the body in any of Azure's spellings; empty if it carries none."""
        codes = self.codes()
        return codes[-1] if codes else ""

    def codes(self) -> tuple[str, ...]:
        """The error code and its inner codes, outermost first."""
        node = _error(self.body)
        found: list[str] = []
        while node is not None and len(found) < 5:
            code = _text(node, "code")
            if code is not None and _CODE.fullmatch(code) and not is_key(code):
                found.append(code)
            node = _object(node, "innererror")
        return tuple(found)

    def says(self, phrase: str) -> bool:
        """Whether the error's message holds a phrase; the message itself is never passed on."""
        node = _error(self.body)
        message = None if node is None else _text(node, "message")
        return message is not None and phrase.casefold() in message.casefold()


Json = Mapping[str, object]


def _error(body: bytes) -> Json | None:
    """What of a body is the error; `None` too for several with different codes."""
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    listed = [each for errors in _members(parsed, "errors") if isinstance(errors, list) for each in errors]
    nodes = [node for node in (*listed, *_members(parsed, "error"), parsed) if isinstance(node, dict) and node]
    coded = [node for node in nodes if _members(node, "code")]
    if any(_member(node, "code") != _member(coded[0], "code") for node in coded):
        return None
    return next(iter(coded or nodes), None)


def _object(node: Json, name: str) -> Json | None:
    value = _member(node, name)
    return value if isinstance(value, dict) else None


def _text(node: Json, name: str) -> str | None:
    value = _member(node, name)
    return value if isinstance(value, str) else None


def _member(node: Json, name: str) -> object:
    """The value of a member, in whatever case services write its name; `None` too where there are several of it."""
    found = _members(node, name)
    return found[0] if len(found) == 1 else None


def _members(node: Json, name: str) -> list[object]:
    return [value for key, value in node.items() if key.casefold() == name]


class Ledger:
    """Every call of the run, once each, with its last outcome."""

    def __init__(self) -> None:
        self._reads: dict[str, Read] = {}

    def note(self, call: Call, outcome: str) -> None:
        """Record how a call ended: `ok`, `absent` or a gap's reason."""
        name = str(call)
        self._reads[name] = Read(name, call.scope, outcome, call.permission)

    def reads(self) -> tuple[Read, ...]:
        """All calls, in an order that does not depend on the network."""
        return tuple(sorted(self._reads.values(), key=lambda read: read.call))
