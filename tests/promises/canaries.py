"""A canary in every text of every answer: whoever serves an estate through it learns which members are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mzaudit.simulator.http_messages import HttpRequest, HttpResponse
from mzaudit.simulator.sql.engine import Result
from tests.promises.leaks import DIGESTS, forms, readings

MARK = "zq7xjvk9wpfy"  # lower case, for what is compared without case is stored so
# A number on either side: what is cut short still tells whose it was.
_PIECE = re.compile(rf"(\d{{5}}){MARK[:4]}[a-z0-9]*|[a-z0-9]*{MARK[-4:]}(\d{{5}})", re.IGNORECASE)
_GUID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|[a-z0-9-]+(\.[a-z0-9-]+){2,}$", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ].*")

_ENCODED = {
    text[start : start + size]: name
    for name, text, size in forms(MARK)
    if not name.startswith(DIGESTS)  # of a mark without its number nobody makes one
    for start in range(len(text) - size + 1)
}
ROWS = "rows"  # of the databases, which answer only where the rest of the estate does
_ROLE = ("updateability",)  # whether the database is the primary: a replica's rows are not asked for

# What an answer cannot be read without: in turn, so that of the others as many as may be are read to the end.
STRUCTURE: Mapping[str, Callable[[str, str], bool]] = {
    "ids": lambda _, text: text.startswith("/"),
    "addresses": lambda _, text: _ADDRESS.match(text) is not None,
    "guids": lambda _, text: _GUID.fullmatch(text) is not None,
    "times": lambda _, text: _TIME.fullmatch(text) is not None,
    "names": lambda name, _: name == "name",
    "words": lambda name, _: name in ("type", "kind", "status", "state", "image", "operation"),
}


def plain(canary: str) -> str:
    """A text that any grammar of names takes."""
    return canary


def hostile(canary: str) -> str:
    """A text with a credential: user information, and the signature of a URL."""
    return f"https://user:{canary}@host.example/{canary}?sig={canary}"


@dataclass
class Planter:
    """Replaces texts by canaries: those that are no structure, or those of one kind of it."""

    shape: Callable[[str], str]
    turn: str = ""
    members: list[str] = field(default_factory=list)

    def answer(self, call: HttpRequest, answer: HttpResponse) -> HttpResponse:
        """The answer with its texts replaced, and in each object a further member whose name is a canary."""
        # tokens have tests of their own
        if self.turn == ROWS or not isinstance(answer.body, dict) or call.host.startswith("login."):
            return answer
        return HttpResponse(answer.status, self._object(answer.body, _asked(call)), answer.headers)

    def result(self, result: Result) -> Result:
        """The rows of a database, so that each cell with text is a canary."""
        if self.turn != ROWS:
            return result
        names = [column.name for column in result.columns]
        rows = [
            tuple(
                self._canary(f"SQL {name}") if isinstance(cell, str) and name not in _ROLE else cell
                for name, cell in zip(names, row, strict=True)
            )
            for row in result.rows
        ]
        return Result(result.columns, rows)

    def _object(self, body: dict[str, Any], at: str) -> dict[str, Any]:
        made = {name: self._value(value, f"{at}.{name}", name) for name, value in body.items()}
        if made and not self.turn:
            made[self._canary(f"{at}.*")] = next(reversed(list(made.values())))
        return made

    def _value(self, value: Any, at: str, name: str) -> Any:
        match value:
            case str():
                return self._text(value, at, name)
            case dict():
                return self._object(value, at)
            case list():
                return [self._value(each, at, name) for each in value]
            case _:
                return value

    def _text(self, text: str, at: str, name: str) -> str:
        kinds = [kind for kind, is_of in STRUCTURE.items() if is_of(name, text)]
        if (kinds[:1] or [""]) != [self.turn]:
            return text
        form, pipe, _ = text.partition("|")
        return f"{form}|{self._canary(at)}" if pipe else self._canary(at)

    def _canary(self, member: str) -> str:
        self.members.append(member)
        return self.shape(f"n{len(self.members) - 1:05}{MARK}{len(self.members) - 1:05}")

    def shown(self, text: str) -> Iterator[str]:
        """The members of whose canaries a text holds a piece in clear."""
        for start, end in _PIECE.findall(text):
            yield self.members[int(start or end)]

    def encoded(self, text: str) -> set[str]:
        """The codings in which a piece of a canary is left where those in clear are taken away."""
        left = [_PIECE.sub("", reading) for reading in readings(text)]
        return {name for piece, name in _ENCODED.items() if any(piece in each for each in left)}


def _asked(call: HttpRequest) -> str:
    """What kind of thing was asked for, without the names of things."""
    path = call.path.partition("?")[0].strip("/").split("/")
    if call.host != "management.azure.com":
        return f"{call.host.partition('.')[2]} {path[1] if path[0] in ('v2', 'acr') and len(path) > 1 else path[0]}"
    if "providers" not in path:
        return "ARM"
    at = len(path) - 1 - path[::-1].index("providers")
    kinds = [path[at + 1], *path[at + 2 :: 2]] if len(path) > at + 1 else ["providers"]
    return "/".join([*kinds, *(path[-2:] if path[-1] == "list" else path[-1:] if "config" in path else [])])
