"""Whether an answer is about what was asked: what was asked by its path is what is answered.

The id that an answer repeats proves little. App Service's mounts carry the id of the app settings, children that of
their parent, examples a placeholder, some bodies null. It refuses an answer only where it names another thing of a
kind that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from mzaudit.snapshot.text.ids import key, name

# Azure chose the names in these: two of them are two parts of one thing.
_PARTS = ("/config", "/identities", "/blobservices", "/azureadonlyauthentications")
# Of these nobody reads the name, which may be one for people.
_BY_ID = ("microsoft.insights/", "microsoft.portal/", "microsoft.alertsmanagement/")


def names_another(asked: str, told: str, called: str = "") -> bool:
    """Whether an answer's id `told` and its name `called` name another thing than the path or URL `asked`: another
    subscription, group or owner, one of the same kind with another name, or by both of them the owner itself."""
    if key(told).startswith(key(asked)):
        remainder = key(told)[len(key(asked)) :]
        if not remainder or remainder.startswith("/"):
            return False
    mine, its = _names(asked), _names(told)
    common = [kind for kind in mine if kind in its and not kind.endswith(_PARTS)]
    if any(mine[kind] and its[kind] and mine[kind] != its[kind] for kind in common):
        return True
    if key(asked).startswith(key(told) + "/") and not list(mine)[-1].endswith(_PARTS):
        return name(called).casefold() == name(told).casefold() != name(asked).casefold()
    owned, others = _resources(mine), _resources(its)
    return bool(owned and others and not owned & others)


def calls_another(told: str, called: str) -> bool:
    """Whether a resource's id and its name are of two things. App Service writes the name behind its owner's; what
    watches and draws is known by its id alone."""
    kind = list(_names(told))[-1]
    if not called or kind.endswith(_PARTS) or kind.startswith(_BY_ID):
        return False
    return unquote(name(called)).casefold() != unquote(name(told)).casefold()


def item_id(collection: str, told: str, called: str) -> str:
    """The id of an item of a list: the one that it tells if that is of the list's kind, else made of its name.

    Raises ValueError if neither says which item it is.
    """
    kind = list(_names(collection))[-1]
    if _names(told).get(kind):
        return told
    if called and "/resourcegroups/" in key(collection):
        return f"{collection}/{name(called)}"
    raise ValueError("the item does not say which it is")


@lru_cache(maxsize=4096)
def _names(told: str) -> Mapping[str, str]:
    """The name of each thing on the way, by its kind (`microsoft.web/sites/slots`), outermost first; the last is empty
    where a collection is meant."""
    url = urlsplit(told) if "://" in told else None
    found = {} if url is None else {"host": (url.hostname or "").casefold()}
    parts = [part for part in (told if url is None else url.path).casefold().split("/") if part]
    kind = ""
    while parts:
        if parts[0] == "providers":
            kind, parts = "/".join(parts[1:2]), parts[2:]
            continue
        kind = f"{kind}/{parts[0]}" if kind else parts[0]
        found[kind] = parts[1] if len(parts) > 1 else ""
        kind, parts = kind if "." in kind else "", parts[2:]
    return found


def _resources(names: Mapping[str, str]) -> set[str]:
    return {kind for kind in names if "." in kind.partition("/")[0] and not kind.endswith(_PARTS)}
