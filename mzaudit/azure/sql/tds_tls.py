"""TLS towards a SQL server: the same authorities as everywhere else, and the host's own name in the certificate.

TDS 7.4 carries the handshake inside its own packets, so the driver does it, with pyOpenSSL. Its own check of the host
name is not used: it calls a method that pyOpenSSL has dropped, and takes a common name for enough.
"""

from __future__ import annotations

import os
import ssl
from typing import Final

from cryptography import x509
from OpenSSL import SSL, crypto

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.failures import DatabaseError, DatabaseFailure
from mzaudit.connection_failures import of_certificate_error
from mzaudit.snapshot.observed import GapReason

_OTHER_NAME: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH


def context(connection: Connection, host: str) -> SSL.Context:
    """What lets a handshake end only with a trusted certificate that names `host`; raises `InputError` if the
    connection's authorities cannot be read."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    # before TDS 8.0 no newer one: the last flight of TLS 1.3 has no packet to travel in
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_max_proto_version(SSL.TLS1_2_VERSION)
    _trust(made, connection)

    def verify(_connection: SSL.Connection, shown: crypto.X509, number: int, depth: int, trust: int) -> bool:
        if trust == 1 and (depth > 0 or names(shown.to_cryptography(), host)):
            return True
        why = of_certificate_error(host, number if trust != 1 else _OTHER_NAME)
        raise DatabaseError(DatabaseFailure(GapReason.UNREACHABLE, why))  # ends the handshake, with these words

    made.set_verify(SSL.VERIFY_PEER, verify)
    return made


def _trust(made: SSL.Context, connection: Connection) -> None:
    """Give a context the authorities that the standard library's TLS has, from the same files."""
    trusted = connection.certificates()
    usual = ssl.get_default_verify_paths()
    where = (connection.ca_file,) if connection.ca_file is not None else (usual.cafile, usual.capath)
    for path in where:
        if path is not None:
            made.load_verify_locations(*((None, path) if os.path.isdir(path) else (path, None)))
    store = made.get_cert_store()
    if not any(where) and store is not None:  # Windows keeps them in no file
        for authority in trusted.get_ca_certs(binary_form=True):
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, authority))


def names(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host (RFC 9525): one of its DNS names, whose first label alone may be `*`."""
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    wanted = host.casefold()
    beneath = "*." + wanted.partition(".")[2]
    return any(name.casefold() in (wanted, beneath) for name in listed.get_values_for_type(x509.DNSName))
