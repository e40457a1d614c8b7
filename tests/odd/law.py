"""The law of odd answers: an answer that lacks, nulls, respells or adds a member decides nothing that does not rest on
that member.

What rests on a member is seen by the same run: its value is replaced by others, and what changes rests on it. Where a
list cannot say which item it holds, what rests on the list is what changes when the whole answer is refused.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from mzaudit.azure.client.call import Answer
from mzaudit.engine.results import Finding, Status
from tests.odd.members import UNKNOWN, Path, at, is_id, is_word, leaves, members, named, others, with_, without
from tests.odd.replay import Asked, Judged, Obligation, Replay, altered

Change = Callable[[Any, Path], Any]
LOST: Mapping[str, Change] = {"left out": without, "null": lambda body, path: with_(body, path, None)}

_NAME = re.compile(
    r"(/(?:subscriptions|resourcegroups|sites|slots|vaults|secrets|servers|databases|serverfarms|v1|components"
    r"|registries|storageaccounts|containers|roledefinitions)/)[^/]+",
    re.IGNORECASE,
)
_MANY, _FEW = 30, 6
# Further forms of a value, which nothing in an answer shows.
_STORAGE = "DefaultEndpointsProtocol=https;AccountName=a1b;AccountKey=" + "b1C2d3E4" * 10 + "abcdef=="
_COMPOSE = f"""services: {{app: {{image: app, environment: {{
    A: '@Microsoft.KeyVault(VaultName=another;SecretName=a)',
    B: 'Server=tcp:a.database.windows.net,1433;Database=b;User ID=c;Password=Kq8vN2xR7mLw4Ts9',
    C: '{_STORAGE}'}}}}}}}}"""
FORMS: Mapping[str, tuple[str, ...]] = {
    "linuxFxVersion": ("sitecontainers", f"COMPOSE|{b64encode(_COMPOSE.encode()).decode()}"),
    "accessKey": ("@Microsoft.KeyVault(VaultName=another;SecretName=a)",),
}
# What the specification of the operation calls required: without it an item of a list is not known, nor what it holds.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Authorization/roleAssignments": ("roleDefinitionId", "principalId"),
    "Microsoft.Authorization/denyAssignments": ("scope", "principals", "permissions"),
    "Microsoft.KeyVault/vaults/": ("objectId", "permissions"),
}
# What Azure says by leaving a member out, or by null.
SILENT: Mapping[str, str] = {
    "nextLink": "the list ends here",
    "identity": "the app has no managed identity",
    "kind": "of a site free text, of which only functionapp and workflowapp count; recorded as null",
    "properties.accessPolicies.[].applicationId": "its principal needs no application in between; recorded so",
    "properties.accessPolicies.[].permissions.secrets": "it grants nothing on secrets; recorded so",
    "properties.enableRbacAuthorization": "the vault goes by access policies; recorded so of vaults made before 2020",
    # and an app without settings has null for its properties
    "tags": "the repository has no tags left: Azure/azure-sdk-for-python#28234",
}
_WHICH = ("id", "name", "properties")


@dataclass(frozen=True)
class Odd:
    """A member that was sent oddly, and the obligations that must not have changed so."""

    kind: str
    member: str
    oddity: str
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}: {self.member} {self.oddity}: " + "; ".join(self.wrong)


@dataclass
class Answered:
    """One answer of a replay, and what rests on its parts; `before` is what is judged of it as it is."""

    replay: Replay
    asked: Asked
    body: Any
    before: Judged
    tried: int = 0
    _rest: dict[Path, frozenset[Obligation]] = field(default_factory=dict)
    _hidden: frozenset[Obligation] | None = None

    def judged(self, body: Any) -> Judged:
        """What is judged if this is the answer."""
        kept = self.replay.kept.answers[self.asked]
        assert isinstance(kept, Answer)
        self.tried += 1
        return self.replay.after({self.asked: altered(kept, body)})[1]

    def changes(self, body: Any) -> frozenset[Obligation]:
        """The obligations of which anything changes."""
        return _differing(self.before, self.judged(body))

    def resting_on(self, path: Path) -> frozenset[Obligation]:
        """The obligations that rest on a member."""
        if path not in self._rest:
            self._rest[path] = self._resting(path)
        return self._rest[path]

    def _resting(self, path: Path) -> frozenset[Obligation]:
        below = leaves(self.body, path)
        if self._of_all(path) or len(below) > _MANY:
            return self.hidden
        found = frozenset[Obligation]().union(*(self.resting_on(each) for each in below if each != path))
        values = (*others(at(self.body, path)), *self._elsewhere(path))
        return found.union(*(self.changes(with_(self.body, path, each)) for each in values))

    def _elsewhere(self, path: Path) -> Iterator[Any]:
        """What the member holds in other answers of the kind."""
        own, mine = kind(self.asked), at(self.body, path)
        found = []
        for asked, answer in sorted(self.replay.kept.answers.items()):
            if isinstance(answer, Answer) and answer.status == 200 and asked != self.asked and kind(asked) == own:
                with suppress(KeyError, IndexError, TypeError):
                    found.append(at(json.loads(answer.body), path))
        yield from [each for nth, each in enumerate(found) if each != mine and each not in found[:nth]][:_FEW]
        if is_id(mine):
            yield from self.replay.users
        yield from FORMS.get(str(path[-1]), ())

    def _of_all(self, path: Path) -> bool:
        """Whether it tells which items there are, or holds all that is told."""
        required = next((names for kind_, names in REQUIRED.items() if kind_ in self.asked[1]), ())
        return path == ("value",) or isinstance(path[-1], int) or path[-1] in (*_WHICH, *required)

    @property
    def hidden(self) -> frozenset[Obligation]:
        """The obligations that rest on the answer, or on those that stand in for it."""
        if self._hidden is None:
            self._hidden = _differing(self.before, self.replay.hiding(self.asked))
        return self._hidden

    def felt(self, paths: Sequence[Path], change: Change) -> Iterator[Path]:
        """The members of which a change is felt, each by itself."""
        if self.changes(_all(self.body, paths, change)):
            yield from self._felt(paths, change)
        else:  # all at once nothing can be read, and other answers may stand in
            yield from (path for path in paths if self.changes(change(self.body, path)))

    def _felt(self, paths: Sequence[Path], change: Change) -> Iterator[Path]:
        """The same where a change of all of them is felt."""
        if len(paths) == 1:
            yield paths[0]
            return
        half = len(paths) // 2
        for some in (paths[:half], paths[half:]):
            if self.changes(_all(self.body, some, change)):
                yield from self._felt(some, change)


def _all(body: Any, paths: Sequence[Path], change: Change) -> Any:
    """The body changed at all of the paths, inner ones before outer ones."""
    for path in sorted(paths, key=len, reverse=True):
        body = change(body, path)
    return body


def _differing(before: Judged, after: Judged) -> frozenset[Obligation]:
    return frozenset(each for each in before.keys() | after.keys() if before.get(each) != after.get(each))


def kind(asked: Asked) -> str:
    """What is asked, without the names of what it is asked about."""
    url = urlsplit(asked[1])
    host = "" if url.netloc == "management.azure.com" else re.sub(r"^[^.]+", "*", url.netloc)
    page = " page" if "skiptoken" in url.query or "last=" in url.query else ""
    path = _NAME.sub(r"\1*", unquote(url.path))
    filtered = " filtered" if "filter" in url.query else ""
    return f"{asked[0]} {host}{path}{filtered}{page}"


def answers(replay: Replay) -> dict[str, list[Answered]]:
    """The answers with an object, by their kind; of one environment, the others are read for their identities."""
    found: dict[str, list[Answered]] = {}
    for asked, answer in sorted(replay.kept.answers.items()):
        if isinstance(answer, Answer) and answer.status == 200 and not re.search(r"-(dev|stg)\b", asked[1]):
            found.setdefault(kind(asked), []).append(Answered(replay, asked, json.loads(answer.body), replay.judged))
    return found


def instead(answer: Answered, body: Any, path: str) -> Answered:
    """The same with a recorded body; `path` was asked for then, and is told as the one that is asked for now."""
    told = re.sub(re.escape(path), unquote(urlsplit(answer.asked[1]).path), json.dumps(body), flags=re.IGNORECASE)
    body = json.loads(told)
    if "name" in body and "name" in answer.body:
        body["id"] = answer.body["id"]
        told = json.dumps(body)
        told = re.sub(rf"\b{re.escape(body['name'])}\b", answer.body["name"], told)
    swapped = json.loads(told)
    return Answered(answer.replay, answer.asked, swapped, answer.judged(swapped))


def distinct(body: Any) -> list[Path]:
    """One member of each name and place, outer ones first."""
    return list({named(path): path for path in reversed(list(members(body)))}.values())[::-1]


def lost(answer: Answered, oddity: str) -> Iterator[Odd]:
    """What is wrong where a member is left out, or null."""
    listed = "/config/" in answer.asked[1] and answer.asked[0] == "POST"  # whose properties are what somebody set
    silent = {
        *SILENT,
        *(("properties",) if listed else ()),
        *(("value",) if oddity == "null" and "/providers/Microsoft.Web/" in answer.asked[1] else ()),
    }
    paths = [path for path in distinct(answer.body) if named(path).removeprefix("value.[].") not in silent]
    if oddity != "null":  # a list that does not hold an item says that there is none
        paths = [path for path in paths if not isinstance(path[-1], int)]
    paths = [path for path in paths if not (listed and path[:-1] == ("properties",))]
    for path in answer.felt(paths, LOST[oddity]):
        after = answer.judged(LOST[oddity](answer.body, path))
        wrong = list(_wrong(answer, path, after))
        if wrong:
            yield Odd(kind(answer.asked), named(path), oddity, tuple(wrong))


def _wrong(answer: Answered, path: Path, after: Judged) -> Iterator[str]:
    for obligation, was in answer.before.items():
        now = after[obligation]
        if _status(now) is _status(was):
            continue
        if now.status is Status.INCONCLUSIVE and obligation in answer.resting_on(path):
            continue
        yield _said(obligation, was, now)


def _status(finding: Finding) -> Status:
    """Its status; of one that another failure explains, what it would be by itself."""
    return Status.FAIL if finding.cause else finding.status


def _said(obligation: Obligation, was: Finding, now: Finding) -> str:
    why = ", ".join(gap.detail for gap in now.gaps[:1])
    return f"{' '.join(obligation)}, {was.status}, became {now.status} ({now.note} {why})"


def respelled(answer: Answered, oddity: str) -> Iterator[Odd]:
    """What is wrong where an answer says the same in another way."""
    body = SAME[oddity](answer.body, answer.asked)
    if body == answer.body:
        return
    after = answer.judged(body)
    wrong = [
        _said(each, was, after[each]) for each, was in answer.before.items() if _status(after[each]) is not _status(was)
    ]
    if wrong:
        yield Odd(kind(answer.asked), "everything", oddity, tuple(wrong))


def _mapped(body: Any, change: Callable[[Any, Path], Any], path: Path = ()) -> Any:
    """The body with each plain value changed."""
    if isinstance(body, dict):
        return {name: _mapped(value, change, (*path, name)) for name, value in body.items()}
    if isinstance(body, list):
        return [_mapped(value, change, (*path, number)) for number, value in enumerate(body)]
    return change(body, path)


def _case(spell: Callable[[str], str], meant: Callable[[Any, Path], bool]) -> Callable[[Any, Asked], Any]:
    return lambda body, asked: _mapped(body, lambda value, path: spell(value) if meant(value, path) else value)


def _an_id(value: Any, path: Path) -> bool:
    return is_id(value)


def _a_word(value: Any, path: Path) -> bool:
    """A word of an enumeration: not a name or a value that somebody chose."""
    return is_word(value) and not CHOSEN & set(path)


# Below these is what somebody chose, in which case may matter.
CHOSEN = frozenset(
    {"name", "value", "imageName", "tags", "digest", "secretName", "vaultName", "serializedData", "image"}
)
# Where any member is somebody's: an unknown one would be a setting, or an identity.
_MAPS = frozenset({"userAssignedIdentities", "tags", "environmentVariables"})


def _with_more(body: Any, asked: Asked) -> Any:
    """Unknown members in every object."""
    settings = "/config/" in asked[1] and asked[1].partition("?")[0].endswith("/list")

    def more(node: Any, name: str) -> Any:
        if isinstance(node, list):
            return [more(each, name) for each in node]
        if not isinstance(node, dict):
            return node
        grown = {key: more(value, key) for key, value in node.items()}
        somebodys = name in _MAPS or (settings and name == "properties")
        return grown if somebodys else {**grown, "somethingNew": {"id": None, "value": [None, 1.5]}}

    return more(body, "")


def _echo(change: Callable[[str], Any]) -> Callable[[Any, Asked], Any]:
    """The id that a single thing's answer repeats, changed; of an item of a list the id says which it is."""

    def changed(body: Any, asked: Asked) -> Any:
        return {**body, "id": change(body["id"])} if isinstance(body.get("id"), str) and "name" in body else body

    return changed


def _null_lists(body: Any, asked: Asked) -> Any:
    """Null for an empty list, as Microsoft.Web writes it."""
    if "/providers/Microsoft.Web/" not in asked[1]:
        return body

    def null(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: null(value) for name, value in node.items()}
        return None if node == [] else [null(each) for each in node] if isinstance(node, list) else node

    return null(body)


SAME: Mapping[str, Callable[[Any, Asked], Any]] = {
    "with ids in upper case": _case(str.upper, _an_id),
    "with ids in lower case": _case(str.lower, _an_id),
    "with words in upper case": _case(str.upper, _a_word),
    "with words in lower case": _case(str.lower, _a_word),
    "with unknown members": _with_more,
    "with its parent's id": _echo(lambda told: told.rpartition("/")[0].rpartition("/")[0]),
    "with a slash at the end of its id": _echo(lambda told: told + "/"),
    "without its id": _echo(lambda told: None),
    "with null for empty lists": _null_lists,
}


def unknown_words(answer: Answered) -> Iterator[Odd]:
    """What cannot be read any more where words that nobody knows stand: what rests on others must stay."""
    words = [path for path in distinct(answer.body) if _a_word(at(answer.body, path), path)]
    for path in answer.felt(words, lambda body, each: with_(body, each, UNKNOWN)):
        after = answer.judged(with_(answer.body, path, UNKNOWN))
        lost_ = answer.judged(without(answer.body, path)) if isinstance(path[-1], str) else after
        wrong = [
            f"{' '.join(each)} became {now.status}"
            for each, now in after.items()
            if now.status is Status.INCONCLUSIVE
            and answer.before[each].status is not Status.INCONCLUSIVE
            and each not in answer.resting_on(path)
            and lost_[each].status is not Status.INCONCLUSIVE
        ]
        if wrong:
            yield Odd(kind(answer.asked), named(path), "an unknown word", tuple(wrong))
