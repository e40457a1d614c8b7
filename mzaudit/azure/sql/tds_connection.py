"""One connection to one database: over the run's proxy, under checked TLS, on to where Azure sends it, read only."""

from __future__ import annotations

import base64
import contextlib
import socket
import time
from types import TracebackType
from typing import Final
from urllib.parse import unquote, urlsplit

from pytds import tds_base
from pytds.connection import NonMarsConnection
from pytds.row_strategies import tuple_row_strategy
from pytds.tds_socket import _TdsSocket
from pytds.tz import utc

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.failures import DatabaseError, DatabaseFailure, WriteRefusedError
from mzaudit.azure.client.guard import lies_in, selects
from mzaudit.azure.sql import tds_tls
from mzaudit.snapshot.observed import GapReason

PORT: Final = 1433
_NODES = range(11000, 12000)  # where the nodes that a gateway sends clients on to listen
_LOGIN, _STATEMENT = 15.0, 20.0  # seconds
_MOST_ROUTES = 3
_MOST_BYTES = 64 * 1024 * 1024
_MOST_ROWS = 100_000
_LONGEST_HEAD = 16 * 1024

Row = tuple[object, ...]


class DeadlineSocket:
    """A socket under one deadline, whatever the driver thinks of time; bounded in what it takes in."""

    def __init__(self, peer: socket.socket, until: float) -> None:
        self._peer = peer
        self._left = _MOST_BYTES
        self.until = until

    def recv(self, size: int) -> bytes:
        """Some bytes; none at the end."""
        self._arm()
        return self._counted(self._peer.recv(size))

    def recv_into(self, buf: bytearray | memoryview, size: int = 0, flags: int = 0) -> int:
        """Some bytes into a buffer; how many."""
        data = self.recv(size or len(buf))
        buf[: len(data)] = data
        return len(data)

    def sendall(self, buf: bytes, flags: int = 0) -> None:
        """All of the bytes."""
        self._arm()
        self._peer.sendall(buf)

    def settimeout(self, timeout: float | None) -> None:
        """Nothing: the deadline stands."""

    def gettimeout(self) -> float | None:
        """What is left."""
        return max(0.0, self.until - time.monotonic())

    def close(self) -> None:
        """End it, also for a thread that waits in it."""
        with contextlib.suppress(OSError):  # the other side was faster
            self._peer.shutdown(socket.SHUT_RDWR)
        self._peer.close()

    def _arm(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._peer.settimeout(left)

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise DatabaseError(DatabaseFailure(GapReason.MALFORMED, "the answer does not end"))
        return data


class TdsConnection:
    """A login to a database that succeeded."""

    def __init__(self, wire: DeadlineSocket, session: _TdsSocket, until: float) -> None:
        self._wire = wire
        self._until = until
        self._session = session
        self._connection = NonMarsConnection(pooling=False, key=(), tds_socket=session)

    def ask(self, statement: str) -> list[Row]:
        """The rows that a SELECT gives; raises what `sql_gaps.BROKEN` lists, and WriteRefusedError for all else."""
        if not selects(statement):
            raise WriteRefusedError("SQL", statement[:40])
        self._wire.until = min(self._until, time.monotonic() + _STATEMENT)
        cursor = self._connection.cursor()
        cursor.execute(statement)
        rows: list[Row] = []
        while (row := cursor.fetchone()) is not None:
            rows.append(tuple(row))
            if len(rows) > _MOST_ROWS:
                raise DatabaseError(DatabaseFailure(GapReason.MALFORMED, "the rows do not end"))
        return rows

    def close(self) -> None:
        """Hang up; may be called from another thread."""
        self._wire.close()

    def __enter__(self) -> TdsConnection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        _take_apart(self._session)


def connect(connection: Connection, host: str, database: str, token: str, until: float) -> TdsConnection:
    """Sign in to a database with an access token, by `until` (`time.monotonic`) at the latest.

    No token leaves before the server has shown a trusted certificate for the name that was asked for, and none is sent
    to a host outside the cloud's own domain or to a port that is not Azure SQL's. Raises what `sql_gaps.BROKEN` lists.
    """
    port = PORT
    for _ in range(_MOST_ROUTES):
        _inside(connection, host, port)
        wire = DeadlineSocket(dial(connection, host, port, until), min(until, time.monotonic() + _LOGIN))
        try:
            session = _TdsSocket(
                sock=wire,
                login=_login(connection, host, database, token),
                row_strategy=tuple_row_strategy,
                autocommit=True,
            )
            route = session.login()
        except BaseException:
            wire.close()
            raise
        if route is None:
            return TdsConnection(wire, session, until)
        wire.close()
        _take_apart(session)
        host, port = str(route["server"]), int(route["port"])
    raise DatabaseError(DatabaseFailure(GapReason.REFUSED, f"sent on to another host more than {_MOST_ROUTES} times"))


def _take_apart(session: _TdsSocket) -> None:
    """The driver's parts hold one another: each connection's TLS would stay until somebody looks for garbage."""
    for part in (session._main_session, session):  # noqa: SLF001 - the driver has no public name for it
        vars(part).clear()


def dial(connection: Connection, host: str, port: int, until: float) -> socket.socket:
    """A socket to the host, through the proxy that its name calls for."""
    url = connection.proxy_for(f"https://{host}:{port}")
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if url is None:
        return socket.create_connection((host, port), min(_LOGIN, left))
    proxy = urlsplit(url)
    peer = socket.create_connection((proxy.hostname, proxy.port or (443 if proxy.scheme == "https" else 80)), left)
    try:
        if proxy.scheme == "https":
            peer = connection.certificates().wrap_socket(peer, server_hostname=proxy.hostname)
        head = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
        if proxy.username is not None:
            user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            head.append(f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}")
        wire = DeadlineSocket(peer, min(until, time.monotonic() + _LOGIN))
        wire.sendall("\r\n".join((*head, "", "")).encode("latin-1"))
        _opened(wire)
    except BaseException:
        peer.close()
        raise
    return peer


def _opened(wire: DeadlineSocket) -> None:
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # byte by byte: what follows is the server's
        byte = wire.recv(1)
        if not byte or len(answer) > _LONGEST_HEAD:
            raise DatabaseError(DatabaseFailure(GapReason.UNREACHABLE, "the proxy gave no answer", again=True))
        answer += byte
    status = answer.split(b"\r\n")[0].split(b" ")[1:2]
    if status != [b"200"]:
        code = status[0].decode("ascii", "replace") if status and status[0].isdigit() else "no status"
        login = ": it wants a login" if code == "407" else ""
        detail = f"the proxy answered {code[:3]} to CONNECT{login}"
        raise DatabaseError(DatabaseFailure(GapReason.UNREACHABLE, detail, again=code.startswith("5")))


def _inside(connection: Connection, host: str, port: int) -> None:
    suffix = connection.endpoints.sql_suffix
    if not lies_in(host, suffix):
        detail = f"the server is not at a host of {suffix}: no token was sent there"
        raise DatabaseError(DatabaseFailure(GapReason.REFUSED, detail))
    if port != PORT and port not in _NODES:
        detail = f"the server sends on to port {port}, which is not one of Azure SQL: no token was sent there"
        raise DatabaseError(DatabaseFailure(GapReason.REFUSED, detail))


def _login(connection: Connection, host: str, database: str, token: str) -> tds_base._TdsLogin:
    login = tds_base._TdsLogin()  # noqa: SLF001 - the driver has no public name for it
    login.client_host_name = "mzaudit"
    login.library = login.app_name = "mzaudit"
    login.server_name = host
    login.database = database
    login.client_lcid = 1033
    login.client_tz = utc
    login.option_flag2 = tds_base.TDS_ODBC_ON
    login.readonly = False  # with read-only intent a replica may answer, and replicas lag
    login.bytes_to_unicode = True
    login.enc_flag = tds_base.PreLoginEnc.ENCRYPT_ON
    login.tls_ctx = tds_tls.context(connection, host)
    login.validate_host = False  # the context does, see `tds_tls`
    login.access_token = token
    return login
