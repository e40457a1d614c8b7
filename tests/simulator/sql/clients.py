"""How the tests reach the simulated databases: the real driver over the simulator's proxy."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytds

from mzaudit.simulator import SimulatedPrincipal, Simulator
from mzaudit.simulator.services.entra import token
from mzaudit.simulator.sql.handshake import Library

SERVER = "sql-monozu-prd.database.windows.net"
DATABASE = "db-monozu-cloud-prd"
AUDIENCE = "https://database.windows.net/"


def tunnel(sim: Simulator, host: str = SERVER, port: int = 1433) -> socket.socket:
    """A connection to a host through the proxy."""
    proxy = urlsplit(sim.proxy)
    sock = socket.create_connection((str(proxy.hostname), proxy.port or 0), timeout=300)
    sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n") and (byte := sock.recv(1)):
        head += byte
    if b" 200 " not in head:
        sock.close()
        raise OSError(head.decode("latin-1").strip() or "the proxy closed the connection")
    return sock


def connect(
    sim: Simulator,
    database: str = DATABASE,
    *,
    host: str = SERVER,
    port: int = 1433,
    who: SimulatedPrincipal | None = None,
    bearer: str | None = None,
    timeout: float = 10,
    read_only: bool = False,
) -> Any:  # the driver's connection, which has no types
    """Log in with python-tds over TDS 7.4, as the auditor unless it is said otherwise."""
    text = bearer if bearer is not None else token(sim.estate, who or sim.estate.auditor, AUDIENCE)
    # Where it is refused, the driver would sleep until the login has timed out, and then say no more than that.
    with patch.object(pytds.utils, "exponential_backoff", _once):
        return pytds.connect(
            dsn=host,
            port=port,
            database=database,
            sock=tunnel(sim, host, port),
            cafile=sim.ca_file,
            # Its own check of the name calls what today's pyOpenSSL no longer has; test_login checks the names.
            validate_host=False,
            access_token_callable=lambda: text,
            autocommit=True,
            readonly=read_only,
            as_dict=True,
            login_timeout=300,
            timeout=timeout,
        )


def _once(work: Callable[[float], object], ex_handler: object, max_time_sec: float, **_: object) -> object:
    return work(max_time_sec)


def rows(connection: Any, query: str, parameters: Any = None) -> list[dict[str, Any]]:
    """The rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def strictly(sim: Simulator, host: str = SERVER) -> ssl.SSLSocket:
    """A connection to a host as TDS 8.0 opens it: TLS first."""
    context = ssl.create_default_context(cafile=sim.ca_file)
    context.set_alpn_protocols(["tds/8.0"])
    return context.wrap_socket(tunnel(sim, host), server_hostname=host)


# What a client says first, by hand: its version, that it has encrypted already, and that it brings a token.
PRELOGIN = bytes.fromhex("00 0010 0006 01 0016 0001 06 0017 0001 ff 120000000000 02 01")


def login(library: Library, token: str, database: str = DATABASE) -> bytes:
    """A LOGIN7 by hand, with a token where the library brings it at once."""
    name, text = database.encode("utf-16-le"), token.encode("utf-16-le")
    data = bytearray(98)
    struct.pack_into("<II", data, 4, 0x74000004, 4096)
    data[27] = 0x10  # there are features
    struct.pack_into("<HH", data, 36 + 5 * 4, 94, 4)
    struct.pack_into("<HH", data, 36 + 8 * 4, 98, len(database))
    struct.pack_into("<I", data, 94, 98 + len(name))
    option = bytes([library << 1 | 1])
    fedauth = option + b"\1" if library is Library.ADAL else option + struct.pack("<I", len(text)) + text
    data += name + b"\2" + struct.pack("<I", len(fedauth)) + fedauth + b"\xff"
    struct.pack_into("<I", data, 0, len(data))
    return bytes(data)
