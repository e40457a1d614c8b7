"""Who gets in, over which protocol, and with which of Azure's errors he does not."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable

import pytds
import pytest

from mzaudit.simulator import Estate, SimulatedPrincipal, Simulator, serve
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.services.entra import token
from mzaudit.simulator.sql.contents import sid_of
from mzaudit.simulator.sql.handshake import Library
from mzaudit.simulator.sql.sql_login import CLIENT_ADDRESS, WORKER_PORT, WORKER_SUFFIX
from mzaudit.simulator.sql.stream import PacketKind, packets
from tests.documented_estate import build
from tests.simulator.sql.clients import AUDIENCE, DATABASE, PRELOGIN, SERVER, connect, login, rows, strictly, tunnel

NODE = f"sql-monozu-prd{WORKER_SUFFIX}"


def _refused(sim: Simulator, **how: object) -> tuple[int, str]:
    with pytest.raises(pytds.Error) as caught:
        connect(sim, **how)  # type: ignore[arg-type]  # each case names its own
    return caught.value.number, caught.value.text


def firewall(estate: Estate) -> None:
    estate.gate("sql-monozu-prd").admits = False


def private(estate: Estate) -> None:
    estate.named("Microsoft.Sql/servers", "sql-monozu-prd")["properties"]["publicNetworkAccess"] = "Disabled"


def no_user(estate: Estate) -> None:
    estate.database(DATABASE).drop_user("mzaudit")


def no_connect(estate: Estate) -> None:
    estate.database(DATABASE).grant("mzaudit", "CONNECT", state="DENY")


def stale_user(estate: Estate) -> None:
    estate.database(DATABASE).principal("mzaudit").sid = sid_of(stable_guid("an identity of before"))


def no_inside(estate: Estate) -> None:
    del estate.sql[str(estate.named("Microsoft.Sql/servers/databases", DATABASE)["id"]).casefold()]


REFUSALS: dict[str, tuple[Callable[[Estate], None], int, str]] = {
    "no firewall rule": (firewall, 40615, f"Client with IP address '{CLIENT_ADDRESS}' is not allowed"),
    "no public access": (private, 47073, "Deny Public Network Access is set to Yes"),
    "no user": (no_user, 18456, "Login failed for user '<token-identified principal>'."),
    "user without CONNECT": (no_connect, 18456, "Login failed for user '<token-identified principal>'."),
    "user of an identity that is gone": (stale_user, 18456, "Login failed for user '<token-identified principal>'."),
    "no such database": (no_inside, 4060, f'Cannot open database "{DATABASE}" requested by the login.'),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(case: str) -> None:
    mutate, number, text = REFUSALS[case]
    estate = build("compliant")
    mutate(estate)
    with serve(estate) as sim:
        found, message = _refused(sim)
        assert (found, text in message) == (number, True), message
        assert [(one.kind, one.result) for one in sim.sql_requests] == [("LOGIN", number)]


TOKENS: dict[str, tuple[Callable[[Simulator], str], str]] = {
    "none of ours": (lambda sim: "not.a.token", "principal>'."),
    "for another audience": (
        lambda sim: token(sim.estate, sim.estate.auditor, "https://vault.azure.net"),
        "not currently configured to accept this token",
    ),
    "expired": (lambda sim: token(sim.estate, sim.estate.auditor, AUDIENCE, lifetime=-60), "Token is expired."),
    "of a stranger": (
        lambda sim: token(sim.estate, SimulatedPrincipal("x", stable_guid("x"), "s", stable_guid("y")), AUDIENCE),
        "principal>'.",
    ),
}


@pytest.mark.parametrize("case", TOKENS)
def test_a_token_is_looked_at(sim: Simulator, case: str) -> None:
    make, text = TOKENS[case]
    number, message = _refused(sim, bearer=make(sim))
    assert (number, text in message) == (18456, True), message


def test_a_password_is_refused(sim: Simulator) -> None:
    with pytest.raises(pytds.Error) as caught:
        pytds.connect(
            dsn=SERVER,
            port=1433,
            database=DATABASE,
            user="sa",
            password="x",
            sock=tunnel(sim),
            cafile=sim.ca_file,
            validate_host=False,
            disable_connect_retry=True,
        )
    assert (caught.value.number, caught.value.text) == (18456, "Login failed for user 'sa'.")


def test_a_paused_database_is_woken_by_whoever_asks() -> None:
    estate = build("compliant")
    body = estate.named("Microsoft.Sql/servers/databases", DATABASE)["properties"]
    body["status"] = "Paused"
    with serve(estate) as sim:
        number, message = _refused(sim)
        assert number == 40613
        assert f"Database '{DATABASE}' on server 'sql-monozu-prd' is not currently available." in message
        assert body["status"] == "Online"
        with connect(sim) as connection:
            assert rows(connection, "SELECT 1 AS v") == [{"v": 1}]


UPDATEABILITY = "SELECT DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS v, DATABASEPROPERTYEX('x', 'Status') AS o"


def test_read_only_intent_leads_to_a_replica_that_lags() -> None:
    estate = build("compliant")
    history = "SELECT MAX(installed_rank) AS v FROM dbo.flyway_schema_history"
    with serve(estate) as sim:
        for read_only, word, last in ((False, "READ_WRITE", 5), (True, "READ_ONLY", 4)):
            with connect(sim, read_only=read_only) as connection:
                assert rows(connection, UPDATEABILITY) == [{"v": word, "o": None}]
                assert rows(connection, history) == [{"v": last}]
        estate.named("Microsoft.Sql/servers/databases", DATABASE)["properties"]["readScale"] = "Disabled"
        with connect(sim, read_only=True) as connection:
            assert rows(connection, UPDATEABILITY) == [{"v": "READ_WRITE", "o": None}]


def test_an_application_is_known_by_its_client_id_alone() -> None:
    estate = build("compliant")
    contents = estate.database(DATABASE)
    contents.principal("mzaudit").sid = sid_of(estate.auditor.oid)
    with serve(estate) as sim:
        assert _refused(sim)[0] == 18456
        administrators = estate.named("Microsoft.Sql/servers", "sql-monozu-prd")["properties"]["administrators"]
        for sid in (estate.auditor.oid, estate.auditor.client_id):
            administrators["sid"] = sid
            with connect(sim) as connection:
                assert rows(connection, "SELECT USER_NAME() AS v") == [{"v": "dbo"}]


def test_names_that_are_no_server_do_not_resolve(sim: Simulator) -> None:
    for host, port in (("sql-nowhere.database.windows.net", 1433), (SERVER, 1434), (NODE, 1433)):
        with pytest.raises(OSError, match="502"):
            tunnel(sim, host, port)


def test_a_redirect_leads_to_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = build("compliant")
    estate.gate("sql-monozu-prd").redirects = True
    with serve(estate) as sim:
        followed: list[tuple[str, int]] = []
        directly = socket.create_connection

        def reach(address: tuple[str, int], timeout: float | None = None) -> socket.socket:
            if address[0] == "127.0.0.1":
                return directly(address, timeout)
            followed.append(address)
            return tunnel(sim, *address)

        # The driver itself follows a route past every proxy.
        monkeypatch.setattr(socket, "create_connection", reach)
        with connect(sim) as connection:
            assert rows(connection, "SELECT DB_NAME() AS v") == [{"v": DATABASE}]
        assert followed == [(NODE, WORKER_PORT)]
        assert [one.server for one in sim.sql_requests] == [SERVER, NODE, NODE]


def test_the_certificate_bears_the_names(sim: Simulator) -> None:
    context = ssl.create_default_context(cafile=sim.ca_file)
    context.set_alpn_protocols(["tds/8.0"])
    for host, port, asked in ((SERVER, 1433, SERVER), (NODE, WORKER_PORT, NODE), (SERVER, 1433, "evil.example")):
        sock = tunnel(sim, host, port)
        if asked == "evil.example":
            with pytest.raises(ssl.SSLCertVerificationError), sock:
                context.wrap_socket(sock, server_hostname=asked)
        else:
            with context.wrap_socket(sock, server_hostname=asked) as secured:
                assert secured.selected_alpn_protocol() == "tds/8.0"


def test_tds_8_encrypts_first(sim: Simulator) -> None:
    bearer = token(sim.estate, sim.estate.auditor, AUDIENCE)
    secured = strictly(sim)
    assert secured.version() == "TLSv1.3"
    with pytds.connect(
        dsn=SERVER,
        port=1433,
        database=DATABASE,
        sock=secured,
        access_token_callable=lambda: bearer,
        autocommit=True,
        as_dict=True,
        disable_connect_retry=True,
    ) as connection:
        assert rows(connection, "SELECT USER_NAME() AS v") == [{"v": "mzaudit"}]


def test_a_client_that_does_not_encrypt_is_turned_away(sim: Simulator) -> None:
    before = len(sim.sql_requests)
    with pytest.raises(pytds.Error, match="encryption"):
        pytds.connect(dsn=SERVER, database=DATABASE, sock=tunnel(sim), user="sa", password="x")
    assert len(sim.sql_requests) == before


def test_transactions_begin_and_end(sim: Simulator) -> None:
    with connect(sim) as connection:
        connection.autocommit = False
        assert rows(connection, "SELECT 1 AS v") == [{"v": 1}]
        connection.commit()
        connection.rollback()
        assert rows(connection, "SELECT 2 AS v") == [{"v": 2}]


def _told(sock: ssl.SSLSocket, kind: PacketKind, payload: bytes) -> bytes:
    """The payload of the one packet that answers a message."""
    sock.sendall(packets(kind, payload, 4096))
    return _exactly(sock, int.from_bytes(_exactly(sock, 8)[2:4], "big") - 8)


def _exactly(sock: ssl.SSLSocket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := sock.recv(count - len(data))):
        data += more
    return data


def test_a_client_is_told_where_to_get_its_token(sim: Simulator) -> None:
    bearer = token(sim.estate, sim.estate.auditor, AUDIENCE).encode("utf-16-le")
    with strictly(sim) as sock:
        _told(sock, PacketKind.PRELOGIN, PRELOGIN)
        info = _told(sock, PacketKind.LOGIN7, login(Library.ADAL, ""))
        assert info[0] == 0xEE
        sts = f"https://login.microsoftonline.com/{sim.tenant_id}"
        assert sts.encode("utf-16-le") in info
        assert AUDIENCE.encode("utf-16-le") in info
        message = struct.pack("<II", len(bearer) + 4, len(bearer)) + bearer
        welcome = _told(sock, PacketKind.FEDAUTH_TOKEN, message)
        assert DATABASE.encode("utf-16-le") in welcome
        assert b"\xae\x02" in welcome  # the token was taken
