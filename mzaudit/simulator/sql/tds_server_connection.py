"""One connection, from PRELOGIN to its end."""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass

from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import Json
from mzaudit.simulator.sql import answers, sql_errors, sql_login, tds_tokens
from mzaudit.simulator.sql.answers import Conversation, ProcedureCall
from mzaudit.simulator.sql.handshake import Encryption, Library, Login7, read_login, read_prelogin, read_token
from mzaudit.simulator.sql.ledger import RequestLedger
from mzaudit.simulator.sql.sql_errors import ServerError, SqlError
from mzaudit.simulator.sql.sql_login import SqlSession
from mzaudit.simulator.sql.stream import Message, PacketKind, Stream, StreamError
from mzaudit.simulator.sql.tds_tokens import Change, DoneStatus

_TDS_74, _TDS_80 = 0x74000004, 0x08000000
_SMALLEST_PACKET, _LARGEST_PACKET = 512, 32767


@dataclass(frozen=True, slots=True)
class Certificates:
    """How the server proves itself: to TDS 7.4, which knows no TLS 1.3, and to TDS 8.0, which names itself by ALPN."""

    wrapped: ssl.SSLContext
    strict: ssl.SSLContext


class TdsServerConnection:
    """Serves one client that asked for a host."""

    def __init__(
        self, estate: Estate, host: str, certificates: Certificates, ledger: RequestLedger, stream: Stream
    ) -> None:
        self._estate = estate
        self._host = host
        self._certificates = certificates
        self._ledger = ledger
        self._stream = stream
        self._transaction = 0

    async def serve(self) -> None:
        """Serve until the client goes; raises ConnectionError or `StreamError` when it goes in the middle."""
        await self._greet()
        session = await self._log_in()
        if session is not None:
            await self._converse(session)

    async def _greet(self) -> None:
        """PRELOGIN and TLS, in the order of the protocol's version."""
        strict = await self._stream.starts_with_tls()
        if strict:
            await self._stream.secure(self._certificates.strict, in_packets=False)
        prelogin = read_prelogin((await self._expect(PacketKind.PRELOGIN)).payload)
        await self._stream.write(PacketKind.REPLY, prelogin.answer(strict=strict))
        if not strict:
            if prelogin.encryption == Encryption.NOT_SUPPORTED:
                raise StreamError("the client does not encrypt, and Azure insists")
            await self._stream.secure(self._certificates.wrapped, in_packets=True)

    async def _log_in(self) -> SqlSession | None:
        """LOGIN7 to its answer; None when the client was refused or sent on."""
        login = read_login((await self._expect(PacketKind.LOGIN7)).payload)
        entry = self._ledger.open("LOGIN", self._host, login.database)
        error: ServerError | None = None
        session: SqlSession | None = None
        try:
            await entry.begin(self._stream)
            server = sql_login.pass_gateway(self._estate, self._host)
            if sql_login.redirects(self._estate, server, self._host):
                reply = self._sent_on(login, server)
            else:
                token = await self._token(login)
                session = sql_login.admit(
                    self._estate, server, login.database or "master", token, read_only=login.read_only
                )
                reply = self._welcome(login, session)
        except SqlError as refusal:
            error, reply = refusal.error, self._error(refusal.error)
        except (ConnectionError, StreamError):
            raise
        except Exception as unforeseen:  # noqa: BLE001 - a client is told, whatever a test bent
            error = _failed(f"a login to {self._host}", unforeseen)
            session, reply = None, self._error(error)
        await entry.answer(self._stream, reply, error)
        self._stream.packet_size = _packet_size(login)
        return session

    async def _token(self, login: Login7) -> str:
        """The token of a login; an ADAL client is told first where to get one."""
        if login.library is None:
            raise SqlError(sql_errors.login_failed(login.user))
        if login.library is Library.SECURITY_TOKEN:
            return login.token
        sts = f"https://login.microsoftonline.com/{self._estate.tenant_id}"
        await self._stream.write(PacketKind.REPLY, tds_tokens.federated_info(sts, sql_login.AUDIENCES[1]))
        return read_token((await self._expect(PacketKind.FEDAUTH_TOKEN)).payload)

    def _sent_on(self, login: Login7, server: Json) -> bytes:
        return self._ack(login) + tds_tokens.route(*sql_login.node(self._estate, server)) + tds_tokens.done()

    def _welcome(self, login: Login7, session: SqlSession) -> bytes:
        name, database = session.server, session.database
        size = str(_packet_size(login))
        return (
            tds_tokens.change(Change.DATABASE, database, "master")
            + tds_tokens.info(5701, f"Changed database context to '{database}'.", name)
            + tds_tokens.change_collation()
            + tds_tokens.change(Change.LANGUAGE, "us_english", "")
            + tds_tokens.info(5703, "Changed language setting to us_english.", name)
            + self._ack(login)
            + tds_tokens.change(Change.PACKET_SIZE, size, "4096")
            + tds_tokens.federated_ack()
            + tds_tokens.done()
        )

    def _ack(self, login: Login7) -> bytes:
        return tds_tokens.login_ack(_TDS_80 if login.version == _TDS_80 else _TDS_74)

    def _error(self, problem: ServerError) -> bytes:
        return tds_tokens.error(problem, self._host.partition(".")[0]) + tds_tokens.done(DoneStatus.ERROR)

    async def _converse(self, session: SqlSession) -> None:
        """Answer requests; an ATTENTION that comes meanwhile stops the answer."""
        conversation = Conversation(session)
        incoming = asyncio.ensure_future(self._stream.read())
        working: asyncio.Future[None] = asyncio.ensure_future(asyncio.sleep(0))
        try:
            while True:
                message = await incoming
                incoming = asyncio.ensure_future(self._stream.read())
                if message.kind == PacketKind.ATTENTION:
                    await self._stream.write(PacketKind.REPLY, tds_tokens.done(DoneStatus.ATTENTION))
                    continue
                working = asyncio.ensure_future(self._answer(conversation, message))
                await asyncio.wait((incoming, working), return_when=asyncio.FIRST_COMPLETED)
                if working.done() or not _stops(incoming):
                    await working
                else:
                    working.cancel()
        finally:
            incoming.cancel()
            working.cancel()
            await asyncio.gather(incoming, working, return_exceptions=True)

    async def _answer(self, conversation: Conversation, message: Message) -> None:
        match message.kind:
            case PacketKind.TRANSACTION:
                await self._stream.write(PacketKind.REPLY, self._transact(message.payload))
            case PacketKind.BATCH | PacketKind.RPC:
                await self._run(conversation, answers.read(message))
            case _:
                raise StreamError(f"a message of kind {message.kind}")

    async def _run(self, conversation: Conversation, calls: list[ProcedureCall]) -> None:
        statement = "\n".join(conversation.statement(call) for call in calls)
        entry = self._ledger.open("QUERY", self._host, conversation.session.database, statement)
        try:
            await entry.begin(self._stream)
            reply, error = conversation.reply(calls)
        except SqlError as refusal:
            reply, error = self._error(refusal.error), refusal.error
        except (ConnectionError, StreamError):
            raise
        except Exception as unforeseen:  # noqa: BLE001 - a client is told, whatever a test bent
            error = _failed(statement, unforeseen)
            reply = self._error(error)
        await entry.answer(self._stream, reply, error)

    def _transact(self, payload: bytes) -> bytes:
        """Begin or end a transaction; nothing is ever written, so there is nothing to undo."""
        begin, commit, rollback, starts_another = 5, 7, 8, 1
        try:
            (head,) = struct.unpack_from("<I", payload)
            (request,) = struct.unpack_from("<H", payload, head)
            data = b""
            if request in (commit, rollback):
                kind = Change.COMMIT if request == commit else Change.ROLLBACK
                data += tds_tokens.change_transaction(kind, self._transaction)
                name = payload[head + 2]
                request = begin if payload[head + 3 + name] & starts_another else 0
        except (struct.error, IndexError) as error:
            raise StreamError("a transaction request that ends too early") from error
        if request == begin:
            self._transaction += 1
            data += tds_tokens.change_transaction(Change.BEGIN, self._transaction)
        return data + tds_tokens.done()

    async def _expect(self, kind: PacketKind) -> Message:
        message = await self._stream.read()
        if message.kind != kind:
            raise StreamError(f"a message of kind {message.kind} instead of {kind.name}")
        return message


def _failed(what: str, unforeseen: Exception) -> ServerError:
    """What a client is told when an estate that somebody bent breaks the server; the loop's log says why."""
    told = {"message": f"the simulated server could not answer {what}", "exception": unforeseen}
    asyncio.get_running_loop().call_exception_handler(told)
    return sql_errors.failed_inside()


def _stops(incoming: asyncio.Future[Message]) -> bool:
    """Whether what came while an answer was under way ends it: an ATTENTION, or the client's going away."""
    return incoming.done() and (incoming.exception() is not None or incoming.result().kind == PacketKind.ATTENTION)


def _packet_size(login: Login7) -> int:
    return min(max(login.packet_size, _SMALLEST_PACKET), _LARGEST_PACKET)
