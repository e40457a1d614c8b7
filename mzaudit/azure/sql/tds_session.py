"""One database read to its end, in a thread of its own: tries again what may pass, and ends in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.failures import DatabaseFailure
from mzaudit.azure.sql.queries import Query
from mzaudit.azure.sql.sql_gaps import BROKEN, GARBAGE, from_error
from mzaudit.azure.sql.tds_connection import Row, TdsConnection, connect

_TRIES_OF_A_QUERY = 3


@dataclass(slots=True)
class DatabaseAnswers:
    """What came of it: how the login ended (None: well), and each query's rows or why there are none."""

    login: DatabaseFailure | None = None
    rows: dict[Query, list[Row] | DatabaseFailure] = field(default_factory=dict)


@dataclass(slots=True)
class DatabaseSession:
    """Reads one database. `until` is on the clock of `time.monotonic`; `hang_up` may be called from elsewhere."""

    connection: Connection
    host: str
    database: str
    token: str = field(repr=False)
    until: float
    waking: bool = False
    _link: TdsConnection | None = None
    _over: bool = False

    def hang_up(self) -> None:
        """End it now: what is under way breaks."""
        self._over = True
        link = self._link
        if link is not None:
            link.close()

    def read(self, first: Query, then: Callable[[list[Row]], Iterable[Query]]) -> DatabaseAnswers:
        """Ask the first query, and those that its rows lead to."""
        talk = DatabaseAnswers()
        waiting = [first]
        logins = 0
        tries: dict[Query, int] = {}
        while waiting:
            try:
                self._link = connect(self.connection, self.host, self.database, self.token, self.until)
            except BROKEN as error:
                trouble = from_error(error)
                logins += 1
                if not (trouble.again and self._waits(logins, trouble)):
                    talk.login = trouble
                    return talk
                continue
            with self._link as link:
                self._ask(link, waiting, first, then, talk, tries)
        return talk

    def _ask(
        self,
        link: TdsConnection,
        waiting: list[Query],
        first: Query,
        then: Callable[[list[Row]], Iterable[Query]],
        talk: DatabaseAnswers,
        tries: dict[Query, int],
    ) -> None:
        """Ask on one connection until it breaks or nothing is left to ask."""
        while waiting:
            query = waiting[0]
            tries[query] = tries.get(query, 0) + 1
            try:
                rows = link.ask(query.statement)
            except BROKEN as error:
                trouble = from_error(error)
                if trouble.again and tries[query] < _TRIES_OF_A_QUERY and self._waits(tries[query], trouble):
                    return
                talk.rows[query] = trouble
                waiting.pop(0)
                if not trouble.alive:
                    return
                continue
            talk.rows[query] = rows
            waiting.pop(0)
            if query == first:
                try:
                    waiting.extend(then(rows))
                except ValueError:
                    talk.rows[query] = GARBAGE

    def _waits(self, tried: int, trouble: DatabaseFailure) -> bool:
        """Sleep before the next try; False if there is none."""
        retry = self.connection.retry
        wait = min(retry.longest, retry.first * 2 ** (tried - 1))
        spent = tried >= retry.tries and not self.waking
        if self._over or spent or time.monotonic() + wait >= self.until:
            return False
        time.sleep(wait)
        return not self._over
