"""Whatever a client sends, the server goes on: it answers with an error, or closes that one connection."""

from __future__ import annotations

import gc
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mzaudit.simulator import Simulator, serve
from mzaudit.simulator.services.entra import token
from mzaudit.simulator.sql.answers import Conversation, ProcedureCall, read
from mzaudit.simulator.sql.handshake import Library, read_login, read_prelogin, read_token
from mzaudit.simulator.sql.sql_login import SqlSession, admit
from mzaudit.simulator.sql.stream import Message, PacketKind, StreamError, packets
from tests.documented_estate import build
from tests.simulator.sql.clients import AUDIENCE, DATABASE, PRELOGIN, connect, login, rows, strictly, tunnel

_WORDS = """
    SELECT FROM WHERE GROUP BY ORDER HAVING TOP DISTINCT AS AND NOT IN IS NULL LIKE EXISTS CASE WHEN THEN ELSE
    END JOIN LEFT CROSS APPLY ON UNION ALL EXCEPT WITH x t ( ) , * . ; + - / = < 1 1.5 99999999999 'a' N'b' 0x01
    @x @@version name sys.tables sys.columns dbo.device [t] USER_NAME() CAST( CONVERT( int varchar(10) COUNT(*)
    MAX( ISNULL( IIF( SUBSTRING(name,1,2) fn_my_permissions(NULL,'DATABASE') INSERT INTO VALUES UPDATE SET
    DELETE DROP TABLE CREATE EXEC DECLARE IF BEGIN TRAN PIVOT OFFSET FETCH FOR JSON COLLATE OPTION STRING_AGG(
    -- /* é USE
"""

_batches = st.lists(st.sampled_from(_WORDS.split()), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def session() -> SqlSession:
    """The auditor in the cloud database of production, without a wire."""
    estate = build("compliant")
    server = estate.named("Microsoft.Sql/servers", "sql-monozu-prd")
    return admit(estate, server, DATABASE, token(estate, estate.auditor, AUDIENCE))


@given(batch=_batches)
@settings(max_examples=300, deadline=None)
def test_any_batch_is_answered(session: SqlSession, batch: str) -> None:
    data, error = Conversation(session).reply([ProcedureCall("", (("", "SELECT " + batch),))])
    assert data
    assert error is None or error.number > 0


_HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
_STATEMENT = "SELECT 1".encode("utf-16-le")
_BATCH = _HEADERS + _STATEMENT
_RPC = (
    _HEADERS
    + bytes.fromhex("ffff 0a00 0000")  # sp_executesql
    + bytes.fromhex("00 00 e7 401f 0904d00034 1000")  # nvarchar(4000)
    + _STATEMENT
    + bytes.fromhex("00 00 26 04 04 05000000")  # int
)


def test_what_is_mangled_below_is_well_formed() -> None:
    assert read_prelogin(PRELOGIN).federated
    assert read_login(login(Library.SECURITY_TOKEN, "token")).token == "token"
    assert [
        call.text
        for kind in (PacketKind.BATCH, PacketKind.RPC)
        for call in read(Message(kind, {1: _BATCH, 3: _RPC}[kind]))
    ] == [
        "SELECT 1",
        "SELECT 1",
    ]


@st.composite
def _mangled(draw: st.DrawFn) -> bytes:
    """A message with some of its bytes changed, cut off, or put in."""
    data = bytearray(draw(st.sampled_from([PRELOGIN, _BATCH, _RPC, login(Library.SECURITY_TOKEN, "token"), b""])))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["change", "cut", "put in"])):
            case "change" if data:
                data[place] = draw(st.integers(0, 255))
            case "cut":
                del data[place:]
            case _:
                data[place:place] = draw(st.binary(max_size=8))
    return bytes(data)


@given(data=_mangled())
@settings(max_examples=250, deadline=None)
def test_any_message_is_read_or_refused(session: SqlSession, data: bytes) -> None:
    for reader in (read_prelogin, read_login, read_token):
        with suppress(StreamError):
            reader(data)
    for kind in (PacketKind.BATCH, PacketKind.RPC):
        try:
            calls = read(Message(kind, data))
        except StreamError:
            continue
        Conversation(session).reply(calls)


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Simulator, list[dict[str, object]]]]:
    """A simulator, and what it did not expect."""
    surprises: list[dict[str, object]] = []
    with serve(build("compliant")) as sim:
        sim._loop.set_exception_handler(lambda _, context: surprises.append(context))
        yield sim, surprises


def _sent(sock: socket.socket, data: bytes) -> None:
    """Send, and read until the server closes; it need not."""
    with sock:
        sock.settimeout(0.1)
        with suppress(OSError):
            sock.sendall(data)
            while sock.recv(65536):
                pass


@given(kind=st.integers(0, 255), data=_mangled(), secured=st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_packet_leaves_the_server_serving(
    watched: tuple[Simulator, list[dict[str, object]]], kind: int, data: bytes, secured: bool
) -> None:
    sim, surprises = watched
    sock = strictly(sim) if secured else tunnel(sim)
    size = 8 + max(len(data), 1)
    _sent(
        sock, packets(PacketKind.PRELOGIN, PRELOGIN, 4096) + bytes([kind]) + packets(PacketKind.LOGIN7, data, size)[1:]
    )
    _sent(tunnel(sim), data)
    gc.collect()
    assert surprises == []


def test_after_all_that_it_still_answers(watched: tuple[Simulator, list[dict[str, object]]]) -> None:
    with connect(watched[0]) as connection:
        assert rows(connection, "SELECT 1 AS v") == [{"v": 1}]
