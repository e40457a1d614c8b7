"""The simulated SQL servers, by their hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.listener import Door
from mzaudit.simulator.sql import sql_login
from mzaudit.simulator.sql.ledger import RequestLedger
from mzaudit.simulator.sql.stream import Stream, StreamError
from mzaudit.simulator.sql.tds_server_connection import Certificates, TdsServerConnection


class SqlService:
    """Serves connections, each to the host that its client asked for, of the estate that there is at that time."""

    def __init__(self, estate: Callable[[], Estate], certificates: Certificates, ledger: RequestLedger) -> None:
        self._estate = estate
        self._certificates = certificates
        self._ledger = ledger
        self._doors: list[Door] = []

    def knows(self, host: str, port: int) -> bool:
        """Whether a server, or a node that it sends clients on to, listens under that name and port."""
        wanted = sql_login.WORKER_PORT if host.endswith(sql_login.WORKER_SUFFIX) else 1433
        return port == wanted and sql_login.server_of(self._estate(), host) is not None

    async def serve(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to its end; the writer stays open for the caller to close."""
        # When the client talks nonsense there is nobody to tell.
        with suppress(StreamError):
            await TdsServerConnection(
                self._estate(), host, self._certificates, self._ledger, Stream(reader, writer)
            ).serve()

    async def listen(self, host: str) -> int:
        """Serve one host on loopback as well, for clients that know no proxy; gives the port."""
        door = Door(partial(self.serve, host))
        self._doors.append(door)
        return await door.listen()

    async def close(self) -> None:
        """Stop listening and drop every client that came without the proxy."""
        for door in self._doors:
            await door.close()
