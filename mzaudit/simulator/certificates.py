"""The authority of one simulator, and what its servers prove themselves with."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme

from mzaudit.simulator.sql.tds_server_connection import Certificates


def certificates(folder: Path, names: Sequence[str]) -> tuple[Path, ssl.SSLContext, Certificates]:
    """Make an authority anew and write its certificate into the folder; gives that file and the servers' contexts."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    certificate = authority.issue_cert(*names)
    http, wrapped, strict = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(3))
    for context in (http, wrapped, strict):
        certificate.configure_cert(context)
    wrapped.maximum_version = ssl.TLSVersion.TLSv1_2
    strict.set_alpn_protocols(["tds/8.0"])
    return ca_file, http, Certificates(wrapped, strict)
