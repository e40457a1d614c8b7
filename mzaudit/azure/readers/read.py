"""What every reader works with: read one thing, list many, each as a fact or a gap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Generic, TypeVar, cast
from urllib.parse import urljoin

from mzaudit.azure.client.call import Answer, Call, Ledger
from mzaudit.azure.client.caller_permissions import CallerPermissions, Held, allows
from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.gaps import from_answer, internal
from mzaudit.azure.client.guard import same_origin
from mzaudit.azure.client.response_body import LARGEST_PAGE
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.azure.client.session import Session
from mzaudit.azure.readers.list_index import Inventory
from mzaudit.azure.readers.presence import Presence, denied
from mzaudit.azure.readers.response_identity import calls_another, item_id, names_another
from mzaudit.azure.readers.wire_models import ContradictionError, Page, Resource, Unread, Wire, fault, items_of
from mzaudit.azure.text.sealed_values import Classifier
from mzaudit.errors import MzauditError
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.text.ids import key, name

W = TypeVar("W", bound=Wire)
T = TypeVar("T")

_MOST_PAGES = 2_000
_LONGEST_LIST = 2.0  # in budgets of one call

Asking = Coroutine[object, object, Held]
Paging = Callable[[Answer], tuple[list[W | Unread], str | None]]


class ReadContext:
    """One run's way to Azure. `permissions` reads what the caller may do at a scope; `lists` replace reads."""

    def __init__(
        self,
        connection: Connection,
        session: Session,
        clients: Clients,
        permissions: Callable[[ReadContext, str], Asking],
        lists: Mapping[str, Call] | None = None,
    ) -> None:
        self.connection = connection
        self.session = session
        self.clients = clients
        self.classifier = Classifier(connection.endpoints.vault_suffix, connection.label_key)
        self.ledger = Ledger()
        self.presence = Presence()
        self.inventory = Inventory(self, lists or {})
        self.rights = CallerPermissions(partial(permissions, self))

    async def read(self, call: Call, wire: type[W], build: Callable[[W], T]) -> Observed[T | None] | Gap:
        """GET (or read by POST) one thing; a 404 that says so is `Observed(None)`.

        What contradicts the question, or another answer of the run, is read once more, and is a gap if it stays.
        """
        if issubclass(wire, Resource) and (listed := await self.inventory.one(call, wire)) is not None:
            self.presence.found(call.target)
            # it is a `wire`, which a narrowed type variable cannot say
            known = _built(call, lambda: build(cast(W, listed)))
            if isinstance(known, Observed):  # else, read directly, it says where it is not as documented
                return Observed(known.value)
        return await self.read_directly(call, wire, build)

    async def read_directly(self, call: Call, wire: type[W], build: Callable[[W], T]) -> Observed[T | None] | Gap:
        """Read it from its own place, whatever a list said."""
        facet = await self._once(call, wire, build)
        if _contradicts(facet):
            facet = await self._once(call, wire, build)
        self.ledger.note(call, _outcome(facet))
        return facet

    async def _once(self, call: Call, wire: type[W], build: Callable[[W], T]) -> Observed[T | None] | Gap:
        facet: Observed[T | None] | Gap
        gone = ""
        try:
            client, lane = self.clients.at(call)
            with self.presence.asking(call):
                answer = await self.session.send(client, lane, call, self._url(call))
                facet = _one(call, answer, wire, build)
                if isinstance(facet, Observed) and facet.value is not None:
                    self.presence.saw(call)
                elif isinstance(answer, Answer):
                    gone = denied(call, answer)
        except (MemoryError, MzauditError):
            raise
        except Exception as error:  # noqa: BLE001 - one odd answer is a gap of its own call
            facet = _unread(call, error)
        return _denies(call, gone) if await self.presence.has(gone) else facet

    async def list(self, call: Call, item: type[W], build: Callable[[W], T]) -> Listing[T]:
        """All pages of a list; of a parent that does not exist it is whole and empty."""
        return await self.listing(call, item, build) or Listing()

    async def listing(
        self, call: Call, item: type[W], build: Callable[[W], T], page: Paging[W] | None = None
    ) -> Listing[T] | None:
        """All pages of a list; `None` if what it would list does not exist.

        What a failing page leaves unseen is a gap beside the items so far; so is an item that cannot be read, and a
        list that may have been trimmed.
        """
        if page is None and issubclass(item, Resource):
            wider = await self.inventory.beneath(call, item)
            if wider is not None:
                items = wider.items
                built = _built(call, lambda: tuple(build(cast(W, each)) for each in items))  # as in `read`
                if isinstance(built, Observed):
                    return Listing(built.value)
        return await self.list_directly(call, item, build, page)

    async def list_directly(
        self, call: Call, item: type[W], build: Callable[[W], T], page: Paging[W] | None = None
    ) -> Listing[T] | None:
        """List it at its own place, whatever a wider list said."""
        found = await self._all(call, page or arm_page(item, call), build)
        if found is not None and _contradicts(found.gap):
            found = await self._all(call, page or arm_page(item, call), build)
        if found is not None and found.gap is None:
            found = Listing(found.items, await self.trimmed(call))
        self.ledger.note(call, "absent" if found is None else "ok" if found.gap is None else found.gap.reason.value)
        return found

    async def _all(self, call: Call, page: Paging[W], build: Callable[[W], T]) -> Listing[T] | None:
        found: Listing[T] | None
        gone = set[str]()
        try:
            with self.presence.asking(call):
                found = await self._pages(call, page, build, gone)
        except (MemoryError, MzauditError):
            raise
        except Exception as error:  # noqa: BLE001 - as in `_once`
            found = Listing(gap=_unread(call, error))
        for each in gone:
            if await self.presence.has(each):
                return Listing(() if found is None else found.items, _denies(call, each))
        return found

    async def agreed(
        self,
        call: Call,
        item: type[W],
        build: Callable[[W], T],
        found: Listing[T],
        doubt: Callable[[tuple[T, ...]], str],
    ) -> Listing[T]:
        """A list as it was found or, where `doubt` says what another answer contradicts in it, as listed once more."""
        if found.gap is not None or not doubt(found.items):
            return found
        found = await self.list_directly(call, item, build) or Listing()
        why = doubt(found.items) if found.gap is None else ""
        return Listing(found.items, self.contradicted(call, why)) if why else found

    def contradicted(self, call: Call, why: str) -> Gap:
        """The gap of a call whose answer, asked for twice, another one contradicts."""
        gap = call.gap(GapReason.CONTRADICTED, why)
        self.ledger.note(call, gap.reason.value)
        return gap

    def _url(self, call: Call) -> str:
        return call.url if call.target.startswith("https://") else self.connection.endpoints.arm + call.url

    async def _pages(self, call: Call, page: Paging[W], build: Callable[[W], T], gone: set[str]) -> Listing[T] | None:
        client, lane = self.clients.at(call)
        found = _Items(call, build)
        url, seen = self._url(call), set[str]()
        left = _LONGEST_LIST * self.connection.retry.budget
        while len(seen) < _MOST_PAGES and left > 0:
            seen.add(url)
            answer = await self.session.send(client, lane, call, url, LARGEST_PAGE)
            if isinstance(answer, Gap):
                return Listing(found.items, answer)
            left -= answer.took
            gap = from_answer(call, answer)
            if answer.status != 200 or gap is not None:
                gone.add(denied(call, answer))
                if len(seen) == 1 and (gap is None or _unlicensed(call, answer)):
                    return None
                return Listing(found.items, gap or call.gap(GapReason.MALFORMED, "a later page does not exist"))
            try:
                entries, link = page(answer)
                following = urljoin(url, link) if link else ""
            except (MemoryError, MzauditError):
                raise
            except Exception as error:  # noqa: BLE001 - as in `read`; the pages before it stand
                return Listing(found.items, _unread(call, error))
            self.presence.saw(call)
            for entry in entries:
                placed = found.take(entry)
                if isinstance(placed, Resource):
                    self.presence.found(placed.id)
            if not following:
                return Listing(found.items, _unreadable(call, found.unread))
            if not same_origin(url, following):
                detail = "the next page is on another host; no token was sent to it"
                return Listing(found.items, call.gap(GapReason.MALFORMED, detail))
            if following in seen:
                return Listing(found.items, call.gap(GapReason.MALFORMED, "the pages go round in a circle"))
            url = following
        return Listing(found.items, call.gap(GapReason.TIMEOUT, "the pages do not end"))

    async def trimmed(self, call: Call) -> Gap | None:
        """PARTIAL unless the caller's own permissions, at one of the scopes, include the one that the list takes."""
        unread: Gap | None = None
        for scope in call.within:
            held = await self.rights.at(scope)
            if isinstance(held, Gap):
                unread = held
            elif held.value is not None and allows(held.value, call.permission):
                return None
            if (isinstance(held, Gap) or held.value is None) and await self._granted_below(call, scope):
                return None
        if not call.within:
            return None
        why = f", which is not known: {unread.reason}: {unread.call}" if unread is not None else ""
        return call.gap(GapReason.PARTIAL, f"the list may be cut to what the caller may read{why}")

    async def _granted_below(self, call: Call, scope: str) -> bool:
        """Whether every resource group of the run says what a subscription did not tell. The caller's own permissions
        are documented for groups and resources alone; that a list of Microsoft.Authorization was answered at the
        subscription shows that the right is held there too, because it is asked for before the list is made."""
        if not call.kind.type.startswith("Microsoft.Authorization/"):
            return False
        told = [held.value if isinstance(held, Observed) else None for held in await self.rights.below(scope)]
        return bool(told) and all(each is not None and allows(each, call.permission) for each in told)


class _Items(Generic[W, T]):
    """The items of one list as they come; one that comes again must say the same."""

    def __init__(self, call: Call, build: Callable[[W], T]) -> None:
        self._call, self._build = call, build
        self._known: dict[str, W] = {}
        self._built: dict[str, T] = {}
        self.unread: list[Unread] = []

    @property
    def items(self) -> tuple[T, ...]:
        """Those that could be read, in the list's order."""
        return tuple(self._built.values())

    def take(self, entry: W | Unread) -> W | None:
        """The next entry, under its own id; None for one that cannot be read, or belongs to another list."""
        if isinstance(entry, Unread):
            self.unread.append(entry)
            return None
        number = str(len(self._known) + len(self.unread) + 1)
        called = (name(entry.name or entry.id) if isinstance(entry, Resource) else "") or f"item {number}"
        placed = _built(self._call, partial(_placed, self._call, entry))
        if isinstance(placed, Gap):
            self.unread.append(Unread(called, placed.detail, placed.reason))
            return None
        item = placed.value
        at = _known_as(item) or number
        if (earlier := self._known.setdefault(at, item)) is not item:
            if at in self._built and not _alike(earlier, item):
                del self._built[at]
                self.unread.append(Unread(called, "it is listed twice with different values", GapReason.CONTRADICTED))
            return item
        made = _built(self._call, partial(self._build, item))
        if isinstance(made, Gap):
            self.unread.append(Unread(called, made.detail, made.reason))
        else:
            self._built[at] = made.value
        return item


def started(group: asyncio.TaskGroup, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """A task of the group, for one of its own tasks. A group that is ending refuses it: then whoever asks is to end
    too, as the interrupted do, and the work is closed."""
    try:
        return group.create_task(work)
    except RuntimeError:
        work.close()
        raise asyncio.CancelledError from None


async def side_by_side(work: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Run readers side by side, and keep their order."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
    return [task.result() for task in tasks]


def arm_page(item: type[W], call: Call) -> Paging[W]:
    """How Resource Manager and Key Vault page: `value` and `nextLink`. App Service writes an empty list as null."""

    def page(answer: Answer) -> tuple[list[W | Unread], str | None]:
        body, entries = items_of(answer.body, Page, item)
        if body.value is None and not call.kind.type.startswith("Microsoft.Web/"):
            raise ValueError("null where a list is expected")
        return entries, body.next_link

    return page


def _unlicensed(call: Call, answer: Answer) -> bool:
    return answer.status == 400 and answer.code() in call.unlicensed


def _contradicts(facet: Observed[T | None] | Gap | None) -> bool:
    return isinstance(facet, Gap) and facet.reason is GapReason.CONTRADICTED


def _denies(call: Call, gone: str) -> Gap:
    return call.gap(
        GapReason.CONTRADICTED, f"it says that {name(gone)} is missing, of which the same run has read something"
    )


def _one(call: Call, answer: Answer | Gap, wire: type[W], build: Callable[[W], T]) -> Observed[T | None] | Gap:
    if isinstance(answer, Gap):
        return answer
    gap = from_answer(call, answer)
    if gap is not None:
        return gap
    if answer.status == 404:
        return Observed(None)
    body = wire.model_validate_json(answer.body)
    if isinstance(body, Resource) and names_another(call.resource, body.id, body.name):
        raise ValueError("the answer is about another resource")
    return Observed(build(_identified(body, call.resource)))


def _built(call: Call, build: Callable[[], T]) -> Observed[T] | Gap:
    try:
        return Observed(build())
    except (MemoryError, MzauditError):
        raise
    except Exception as error:  # noqa: BLE001 - as in `Run.read`
        return _unread(call, error)


def _unread(call: Call, error: Exception) -> Gap:
    """The gap that a reader leaves: of a body that is not as documented it says where, else the defect is ours."""
    if isinstance(error, ContradictionError):
        return call.gap(GapReason.CONTRADICTED, str(error))
    if isinstance(error, ValueError):
        return call.gap(GapReason.MALFORMED, fault(error))
    return internal(call, error)


def _placed(call: Call, entry: W) -> W:
    """An item of a list under an id of its own. Raises ValueError for one of another list."""
    if not isinstance(entry, Resource):
        return entry
    if names_another(call.target, entry.id):
        raise ValueError("an item belongs to another list")
    return _identified(entry, item_id(call.target, entry.id, entry.name))


def _known_as(item: Wire) -> str:
    """What tells an item from the others of its list: its id, else its name; empty for one that has neither."""
    told = getattr(item, "id", None)
    named = getattr(item, "name", None)
    return key(told) if isinstance(told, str) and told else named if isinstance(named, str) else ""


def _alike(one: Wire, other: Wire) -> bool:
    """Whether two items say the same, however each spells its id and name; of sealed values nobody can tell."""
    spelled: dict[str, object] = {each: getattr(one, each) for each in ("id", "name") if each in type(one).model_fields}
    try:
        return one == other.model_copy(update=spelled)
    except TypeError:
        return False


def _identified(body: W, id_: str) -> W:
    """The body under the id that is asked for, in Azure's spelling if it tells the same one, and with a name."""
    if not isinstance(body, Resource):
        return body
    if calls_another(id_, body.name):
        raise ContradictionError("its id and its name contradict each other")
    told = {"id": body.id if key(body.id) == key(id_) else id_, "name": body.name or name(id_)}
    return body if told == {"id": body.id, "name": body.name} else body.model_copy(update=told)


def _unreadable(call: Call, unread: list[Unread]) -> Gap | None:
    if not unread:
        return None
    first, more = next((each for each in unread if each.reason is GapReason.INTERNAL), unread[0]), len(unread) - 1
    which = first.which + (f" and {more} more" if more else "")
    return call.gap(first.reason, f"{which} cannot be read: {first.why}")


def _outcome(facet: Observed[T | None] | Gap) -> str:
    if isinstance(facet, Gap):
        return facet.reason.value
    return "absent" if facet.value is None else "ok"
