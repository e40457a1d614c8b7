"""A wrong certificate and a wrong host name are refused, before the token is sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.failures import DatabaseError
from mzaudit.azure.sql import tds_connection, tds_tls
from mzaudit.azure.sql.sql_gaps import BROKEN, from_error
from mzaudit.simulator import Simulator, serve
from mzaudit.snapshot.observed import GapReason
from tests.azure.estates import connection_to
from tests.documented_estate import build

HOST = "sql-monozu-prd.database.windows.net"
TODAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that is trusted."""
    return trustme.CA()


def shaken(context: SSL.Context, host: str, certificate: trustme.LeafCert, folder: Path) -> None:
    """A handshake in memory with a server that shows that certificate."""
    whole = folder / "server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(whole)
    ours = SSL.Context(SSL.TLS_METHOD)
    ours.use_certificate_chain_file(str(whole))
    ours.use_privatekey_file(str(whole))
    client, server = SSL.Connection(context), SSL.Connection(ours)
    client.set_tlsext_host_name(host.encode())
    client.set_connect_state()
    server.set_accept_state()
    done: set[SSL.Connection] = set()
    while len(done) < 2:
        for one, other in ((client, server), (server, client)):
            try:
                one.do_handshake()
                done.add(one)
            except SSL.WantReadError:
                pass
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))


NAMES: dict[str, tuple[tuple[str, ...], str, bool]] = {
    "the very name": ((HOST,), HOST, True),
    "in capitals": ((HOST.upper(),), HOST, True),
    "one of several": (("a.example", HOST), HOST, True),
    "a wildcard": (("*.database.windows.net",), HOST, True),
    "a wildcard for more than one label": (("*.database.windows.net",), "a.b.database.windows.net", False),
    "a wildcard that is not the whole label": (("sql*.database.windows.net",), HOST, False),
    "a wildcard further on": (("sql-monozu-prd.*.windows.net",), HOST, False),
    "another name": (("other.database.windows.net",), HOST, False),
    "the parent": (("database.windows.net",), HOST, False),
    "letters that a prefix loses": (("ql-monozu-prd.database.windows.net",), HOST, False),
}


def showing(*names: str, common: str = "x") -> x509.Certificate:
    """A certificate for those DNS names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(TODAY).not_valid_after(TODAY + timedelta(1))
    if names:
        listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        made = made.add_extension(listed, critical=False)
    return made.sign(key, hashes.SHA256())


@pytest.mark.parametrize("case", NAMES)
def test_the_host_must_be_named(case: str) -> None:
    listed, host, accepted = NAMES[case]
    assert tds_tls.names(showing(*listed), host) is accepted


def test_a_common_name_is_not_enough() -> None:
    assert not tds_tls.names(showing(common=HOST), HOST)
    assert not tds_tls.names(showing("other.example", common=HOST), HOST)


@pytest.mark.parametrize("named", [HOST, "*.database.windows.net"])
def test_a_trusted_certificate_for_the_host_is_taken(named: str, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = tds_tls.context(Connection(ca_file=str(tmp_path / "ca.pem")), HOST)
    shaken(context, HOST, authority.issue_cert(named), tmp_path)


def test_a_trusted_certificate_for_another_host_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = tds_tls.context(Connection(ca_file=str(tmp_path / "ca.pem")), HOST)
    with pytest.raises(DatabaseError, match="hostname mismatch"):
        shaken(context, HOST, authority.issue_cert("other.database.windows.net", common_name=HOST), tmp_path)


@pytest.mark.parametrize("form", ["file", "folder"])
def test_an_authority_that_is_not_trusted_is_refused(form: str, authority: trustme.CA, tmp_path: Path) -> None:
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "ca.pem")
    where = tmp_path / "ca.pem" if form == "file" else tmp_path
    context = tds_tls.context(Connection(ca_file=str(where)), HOST)
    with pytest.raises(DatabaseError, match=r"OpenSSL: self-signed certificate in|OpenSSL: unable to get local issuer"):
        shaken(context, HOST, authority.issue_cert(HOST), tmp_path)


def test_a_certificate_that_has_expired_wants_no_other_authority(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = tds_tls.context(Connection(ca_file=str(tmp_path / "ca.pem")), HOST)
    expired = authority.issue_cert(HOST, not_after=datetime.now(UTC) - timedelta(1), not_before=TODAY - timedelta(999))
    with pytest.raises(DatabaseError) as caught:
        shaken(context, HOST, expired, tmp_path)
    assert str(caught.value) == (
        f"the certificate of {HOST} is not accepted (OpenSSL: certificate has expired): "
        "it has to be renewed, or this machine's clock be set"
    )


def test_a_folder_of_authorities_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    pem = authority.cert_pem.bytes()
    name = crypto.load_certificate(crypto.FILETYPE_PEM, pem).subject_name_hash()
    (tmp_path / f"{name:08x}.0").write_bytes(pem)
    shaken(tds_tls.context(Connection(ca_file=str(tmp_path)), HOST), HOST, authority.issue_cert(HOST), tmp_path)


def refused(sim: Simulator, connection: Connection, host: str) -> str:
    """Why a login ends; no login may have arrived."""
    with pytest.raises(BROKEN) as caught:
        tds_connection.connect(connection, host, "db-monozu-cloud-prd", "a-token", time.monotonic() + 10)
    assert not sim.sql_requests, "no login, and so no token, was sent"
    trouble = from_error(caught.value)
    assert trouble.reason is GapReason.UNREACHABLE
    return trouble.detail


def test_the_driver_sends_no_token_to_a_server_with_a_foreign_certificate(
    authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with serve(build("compliant")) as sim:
        trusting_another = replace(connection_to(sim), ca_file=str(tmp_path / "ca.pem"))
        said = refused(sim, trusting_another, HOST)
        assert f"the certificate of {HOST} is not accepted (OpenSSL: " in said
        assert "SSL_CERT_FILE" in said


def test_the_driver_sends_no_token_to_a_server_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(build("compliant")) as sim:
        port = sim.sql_port("sql-monozu-prd")
        dial: Callable[..., socket.socket] = lambda *_: socket.create_connection(("127.0.0.1", port), 10)  # noqa: E731
        monkeypatch.setattr(tds_connection, "dial", dial)
        said = refused(sim, connection_to(sim), "two.labels.database.windows.net")
        assert "hostname mismatch): something else answers under that name" in said
        link = tds_connection.connect(
            connection_to(sim), HOST, "db-monozu-cloud-prd", _token(sim), time.monotonic() + 10
        )
        link.close()


def _token(sim: Simulator) -> str:
    from mzaudit.simulator.services.entra import token

    return token(sim.estate, sim.estate.auditor, "https://database.windows.net/")


def test_the_authorities_are_those_of_all_else() -> None:
    trusted = ssl.create_default_context().get_ca_certs()
    assert trusted or ssl.get_default_verify_paths().capath
    assert tds_tls.context(Connection(), HOST)


def broken() -> None:
    """A handshake with what is no TLS."""
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
    client.set_connect_state()
    client.bio_write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    client.do_handshake()


def of_a_proxy() -> None:
    raise ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)")


def nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    socket.create_connection(address, 10)


# What breaks a connection to a database, and the words that tell it.
WORDS: dict[str, tuple[Callable[[], None], str]] = {
    "no TLS": (broken, "no TLS with this server (OpenSSL: "),
    "no TLS with the proxy": (of_a_proxy, "no TLS with the proxy (OpenSSL: "),
    "nobody listens": (nobody_listens, "the connection broke (Connection refused)"),
}


@pytest.mark.parametrize("case", WORDS)
def test_what_openssl_and_the_system_say_reaches_the_person(case: str) -> None:
    does, said = WORDS[case]
    with pytest.raises(BROKEN) as caught:
        does()
    trouble = from_error(caught.value)
    assert trouble.reason is GapReason.UNREACHABLE
    assert trouble.detail.startswith(said)
    assert "OpenSSL: Error)" not in trouble.detail


def test_a_driver_that_lacks_a_part_is_not_the_servers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a version below the lowest: our line raises, before the server has said anything."""
    monkeypatch.setattr(tds_connection, "dial", lambda *_: socket.socket())
    monkeypatch.delattr("pytds.tds_base.PreLoginEnc")
    with pytest.raises(BROKEN) as caught:
        tds_connection.connect(Connection(), HOST, "db", "a-token", time.monotonic() + 10)
    trouble = from_error(caught.value)
    assert trouble.reason is GapReason.INTERNAL
    assert trouble.detail.startswith("AttributeError at mzaudit/azure/sql/tds_connection.py:")
