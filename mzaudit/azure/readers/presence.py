"""What the answers of one run say is there. An answer that denies it contradicts the run, and is no fact.

A 404 is the service's word about what the request names, or about what holds that. Where another answer came from the
same thing, or from anything beneath it, both cannot be true.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.client.gaps import OF_A_PART, says_absent
from mzaudit.snapshot.text.ids import group_of, key

# Microsoft.Authorization answers at scopes of which it does not look whether they exist.
_BLIND = "Microsoft.Authorization/"
_REGISTERED = "/registered/"
# Azure makes these with what they are a part of: one that is not there says that the other is not.
_ALWAYS = ("config", "blobservices")


class Presence:
    """What was read so far, and what is being asked."""

    def __init__(self) -> None:
        self._there: set[str] = set()
        self._asked: dict[asyncio.Future[None], str] = {}

    @contextmanager
    def asking(self, call: Call) -> Iterator[None]:
        """While the call is on its way: whoever must know what is there waits for it."""
        answered = asyncio.get_running_loop().create_future()
        self._asked[answered] = key(subject(call))
        try:
            yield
        finally:
            del self._asked[answered]
            answered.set_result(None)

    def saw(self, call: Call) -> None:
        """Note that the call's subject answered."""
        if not call.kind.type.startswith(_BLIND):
            self.found(subject(call))

    def found(self, resource_id: str) -> None:
        """Note that a resource is there, and so all that it is a part of."""
        parts = key(resource_id).split("/")
        self._there.update("/".join(parts[:end]) for end in range(2, len(parts) + 1))
        if len(parts) > 8 and parts[5] == "providers":
            self._there.add(registration(parts[2], parts[6]))

    async def has(self, denied: str) -> bool:
        """Whether an answer came from the thing, or from beneath it, once those that are being asked have answered."""
        if not denied:
            return False
        wanted = key(denied)
        while wanted not in self._there:
            waiting = [each for each, at in self._asked.items() if _tells(at, wanted)]
            if not waiting:
                return False
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return True


def subject(call: Call) -> str:
    """The id of what a call is about; on a data plane, of the resource behind it."""
    return call.scope if call.target.startswith("https://") else call.resource


def denied(call: Call, answer: Answer) -> str:
    """The id of what an answer says is not there; empty where it says nothing of the kind.

    A collection and a part that Azure makes with its owner are there as long as that is.
    """
    asked = subject(call)
    if answer.status != 404:
        return ""
    return next(filter(None, (_denied(asked, code) for code in answer.codes() if says_absent(call, code))), "")


def _tells(asked: str, wanted: str) -> bool:
    """Whether the answer to what is asked may show that the wanted is there."""
    above, registered, provider = wanted.partition(_REGISTERED)
    if registered:
        return asked.startswith(f"{above}/") and f"/providers/{provider}/" in asked
    return f"{asked}/".startswith(f"{wanted}/")


def registration(subscription: str, namespace: str) -> str:
    """What `Presence` calls the registration of a provider: it is there where anything of the provider is."""
    return key(f"/subscriptions/{subscription}{_REGISTERED}{namespace}")


def _denied(asked: str, code: str) -> str:
    match code:
        case "ResourceGroupNotFound":
            return group_of(asked)
        case "ParentResourceNotFound":
            return _owner(_named(asked)) if _named(asked) == asked else _named(asked)
        case "ResourceNotFound":
            return _named(asked)
        case _:
            return asked if code in OF_A_PART else ""


def _named(asked: str) -> str:
    """The resource itself, or the one that a collection or a part which is always there belongs to."""
    before, _, below = asked.rpartition("/providers/")
    parts = below.split("/")
    parts = parts[: len(parts) - 1 + len(parts) % 2]
    while len(parts) > 2 and parts[-2].casefold() in _ALWAYS:
        parts = parts[:-2]
    return f"{before}/providers/{'/'.join(parts)}" if len(parts) > 1 else before


def _owner(named: str) -> str:
    """What a named resource is a part of; of one in a resource group, the group."""
    before, _, below = named.rpartition("/providers/")
    parts = below.split("/")
    return _named(f"{before}/providers/{'/'.join(parts[:-2])}") if len(parts) > 3 else before
