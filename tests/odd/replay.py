"""A run whose answers are kept: the product's own readers read it again in a few hundredths of a second, with one
answer changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NewType
from unittest.mock import patch

from mzaudit import rules
from mzaudit.azure import Connection, bulk_lists, choose, collect, collector
from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.client.lifecycle import opened
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.azure.client.session import Session
from mzaudit.azure.readers import authorization_reader
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.scope import Scope
from mzaudit.azure.sql import databases_reader
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding
from mzaudit.simulator import Estate, Simulator, serve
from mzaudit.snapshot.databases import DatabaseContents
from mzaudit.snapshot.estate import Caller, Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.text.ids import key
from tests.azure.estates import HURRIED, TAKEN
from tests.documented_estate import build
from tests.virtual_time import VirtualTime

Asked = tuple[str, str]
"""Method and URL of a request."""

Obligation = tuple[str, str]
Judged = Mapping[Obligation, Finding]
Body = NewType("Body", dict[str, Any])
_ENV = "prd"


@dataclass
class Kept:
    """What was answered, by request; `heard` are the requests of a run, `unknown` those that nothing is kept of."""

    answers: dict[Asked, Answer | Gap] = field(default_factory=dict)
    unknown: dict[Asked, Call] = field(default_factory=dict)
    heard: set[Asked] = field(default_factory=set)
    changed: Mapping[Asked, Answer | None] = field(default_factory=dict)

    def to(self, call: Call, url: str) -> Answer | Gap:
        """The kept answer, unless it is changed."""
        asked = call.method, url
        self.heard.add(asked)
        if asked in self.changed:
            return self.changed[asked] or refused(call)
        if asked not in self.answers:
            self.unknown[asked] = call
            return Answer(404, {}, b'{"error": {"code": "ResourceNotFound", "message": "not kept"}}')
        return self.answers[asked]


def refused(call: Call) -> Answer:
    """A refusal of the whole answer."""
    return Answer(403, {}, b'{"error": {"code": "AuthorizationFailed", "message": "hidden by the test"}}')


class _Session(Session):
    """Answers from what is kept."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(HURRIED, 1e9)
        self._kept = kept

    async def send(self, client: Any, lane: Any, call: Call, url: str, largest: int = 0) -> Answer | Gap:
        return self._kept.to(call, url)


class _NoClients(Clients):
    """Nobody is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self.visits = connection, asyncio.Semaphore(8)

    async def _ahead(self, scope: str) -> None:
        pass

    @property
    def _vault_scope(self) -> str:
        return ""

    def at(self, call: Call) -> Any:
        return None, None

    async def database_token(self) -> str:
        return "any"


class Replay:
    """One simulated estate, read once over the SDK; `seen` and `judged` are what came of it."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._loaded = load_policy(None, shipped=True)
        everywhere = dict.fromkeys(self._loaded.policy.environments, sim.subscription_id)
        self._wanted = bind_policy(self._loaded, (_ENV,), everywhere)
        self._rules = rules.load()
        self.scope: Scope = scope_of(self._wanted)
        self.connection = Connection(proxy=sim.proxy, ca_file=sim.ca_file, retry=HURRIED)
        self.kept = Kept()
        self.heard = set[Asked]()
        straight = self._sdk()
        self._inside = straight.databases
        self._caller = straight.caller
        inside = (user.entra_id for each in self._inside.values() for user in each.principals.items)
        self.seen = self.read({})
        sites = (each.properties for each in self.seen.sites.values() if isinstance(each.properties, Observed))
        apps = (each.value.identity.principal_id for each in sites if each.value is not None)
        self.users = tuple(sorted({user for user in (*inside, *apps) if user is not None}))
        self.judged = self.judge(self.seen)
        assert self.judged == self.judge(straight), "a replay reads what the SDK read"

    def after(self, changed: Mapping[Asked, Answer | None]) -> tuple[Snapshot, Judged]:
        """What is seen and judged where these answers are others; None is a refusal."""
        seen = self.read(changed)
        return seen, self.judge(seen)

    def hiding(self, asked: Asked) -> Judged:
        """What is judged where an answer is refused, and whatever is asked for in its place."""
        self.read({})
        usual = self.heard
        self.read({asked: None})
        return self.after(dict.fromkeys({asked, *(self.heard - usual)}))[1]

    def read(self, changed: Mapping[Asked, Answer | None]) -> Snapshot:
        """What is seen; what a run asks for the first time is asked of the simulator then, and kept."""
        while True:
            kept = Kept(self.kept.answers, changed=changed)
            seen = self._replayed(kept)
            if not kept.unknown:
                self.heard = kept.heard
                return seen
            self._fetch(kept.unknown)

    @property
    def estate(self) -> Estate:
        """What is simulated."""
        return self._sim.estate

    def judge(self, seen: Snapshot, *, areas: tuple[str, ...] = ()) -> Judged:
        """The findings by rule and subject, of all areas or of some."""
        asked = [rule for rule in self._rules if rule.area in areas] if areas else self._rules
        found = evaluate(self._wanted, seen, asked, self._loaded.requirements)
        return {(each.rule, f"{each.subject.kind} {each.subject.name}"): each for each in found}

    def _replayed(self, kept: Kept) -> Snapshot:
        @asynccontextmanager
        async def open_(
            *_: object, lists: Mapping[str, Call], **__: object
        ) -> AsyncIterator[tuple[ReadContext, Caller | None]]:
            clients = _NoClients(self.connection)
            yield (
                ReadContext(self.connection, _Session(kept), clients, authorization_reader.permissions, lists),
                self._caller,
            )

        inside = self._inside

        async def talk(reader: Any, login: Call, token: str) -> DatabaseContents:
            found = inside.get(key(reader._database.id))
            return found or reader._nothing(login, login.gap(GapReason.UNREACHABLE, "no such database"))

        with patch.object(collector, "opened", open_), patch.object(databases_reader._DatabaseReader, "_talk", talk):
            seen: Snapshot = self._run(self._collect(self.connection))
            return seen

    def _collect(self, connection: Connection) -> Any:
        return collect(
            self.scope,
            choose(self._sim.environ(), connection),
            connection,
            taken=TAKEN,
            tool_version="0",
            source="simulated",
            timeout=60,
            values=True,
        )

    def _sdk(self) -> Snapshot:
        seen: Snapshot = self._run(self._collect(replace(self.connection, session=self._sim.session)))
        return seen

    def _fetch(self, unknown: Mapping[Asked, Call]) -> None:
        async def fetch() -> None:
            connection = replace(self.connection, session=self._sim.session)
            login = choose(self._sim.environ(), connection)
            async with opened(login, connection, self._sim.subscription_id, tool_version="0", timeout=60) as (run, _):
                for (method, url), call in unknown.items():
                    self.kept.answers[method, url] = await run.session.send(*run.clients.at(call), call, url)

        self._run(fetch())

    @staticmethod
    def _run(work: Any) -> Any:
        with asyncio.Runner(loop_factory=VirtualTime) as runner:
            return runner.run(work)


def altered(answer: Answer, body: object) -> Answer:
    """The answer with another body."""
    return replace(answer, body=json.dumps(body).encode())


@contextmanager
def replayed(estate: str, many: int = bulk_lists.MANY) -> Iterator[Replay]:
    """A replay of a simulated estate; of `many` things and more there are lists."""
    with serve(build(estate)) as sim, patch.object(bulk_lists, "MANY", many):
        yield Replay(sim)
