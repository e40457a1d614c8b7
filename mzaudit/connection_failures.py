"""Why no connection came about, in a sentence: the proxy, the name, the certificate, the network."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import aiohttp

# What OpenSSL says for its numbers (X509_V_ERR_*): pyOpenSSL hands on the number alone
_SAID: Mapping[int, str] = MappingProxyType(
    {
        9: "certificate is not yet valid",
        10: "certificate has expired",
        18: "self-signed certificate",
        19: "self-signed certificate in certificate chain",
        20: "unable to get local issuer certificate",
        21: "unable to verify the first certificate",
        62: "hostname mismatch",
    }
)
# Those of what another authority does not fix
_NOT_THE_AUTHORITY: Mapping[int, str] = MappingProxyType(
    {
        9: "set this machine's clock",
        10: "it has to be renewed, or this machine's clock be set",
        62: "something else answers under that name: check the DNS and the proxy",
        64: "something else answers under that address: check the DNS and the proxy",
    }
)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, outermost first: the SDK wraps what its transport raises."""
    waiting, seen = [error], set[int]()
    for each in waiting:
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            inner = getattr(each, "inner_exception", None)
            waiting += [
                cause for cause in (inner, each.__cause__, each.__context__) if isinstance(cause, BaseException)
            ]


def why_unreachable(error: BaseException, host: str | None = None) -> str | None:
    """What kept a request from its host, and what to do; `None` for an error that says nothing of it.

    Told are the hosts that we asked for, and the words that OpenSSL and the system have for an error of theirs. `host`
    stands for the name of one that is part of a secret.
    """
    for each in chain(error):
        match each:
            case aiohttp.ClientHttpProxyError():
                return _of_proxy(each.status, host or each.request_info.url.host or "the host")
            case aiohttp.ClientProxyConnectionError():
                said = system_words(each.os_error)
                return f"no connection to the proxy {each.host}:{each.port} ({said}): check HTTPS_PROXY"
            case aiohttp.ClientConnectorCertificateError():
                return of_certificate(host or each.host, each.certificate_error)
            case aiohttp.ClientConnectorDNSError():
                return f"the name {host or each.host} is not resolved: check the DNS, or set HTTPS_PROXY"
            case aiohttp.ClientConnectorSSLError():
                return no_tls(host or f"{each.host}:{each.port}", each.os_error)
            case aiohttp.ClientConnectorError():
                said = system_words(each.os_error)
                where = host or f"{each.host}:{each.port}"
                return f"no connection to {where} ({said}): check the firewall, or set HTTPS_PROXY"
            case _:
                pass
    return None


def of_certificate(host: str, error: BaseException) -> str:
    """What OpenSSL says of the certificate of `host`, and what to do."""
    return _of_certificate(host, getattr(error, "verify_code", 0), openssl_words(error))


def of_certificate_error(host: str, number: int) -> str:
    """The same for the number alone of what OpenSSL found wrong."""
    return _of_certificate(host, number, _SAID.get(number, f"verify error {number}"))


def _of_certificate(host: str, number: int, said: str) -> str:
    fix = _NOT_THE_AUTHORITY.get(
        number, "name a PEM file with its authority, or that of a proxy that inspects TLS, in SSL_CERT_FILE"
    )
    return f"the certificate of {host} is not accepted (OpenSSL: {said}): {fix}"


def no_tls(host: str, error: BaseException) -> str:
    """What OpenSSL says of a handshake with `host` that failed for another reason, and what to do."""
    return f"no TLS with {host} (OpenSSL: {openssl_words(error)}): look for a proxy or firewall on the way"


def _of_proxy(status: int, host: str) -> str:
    if status == 407:
        return "the proxy requires a login (HTTP 407): put user and password into HTTPS_PROXY"
    if status == 403:
        return f"the proxy blocks {host} (HTTP 403): have it allowed there, or add it to NO_PROXY"
    return f"the proxy opened no tunnel to {host} (HTTP {status}): ask its operator"


def openssl_words(error: BaseException) -> str:
    """OpenSSL's own words for an error of the standard library's TLS or of pyOpenSSL's; else the error's type."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_message:
        return error.verify_message.rstrip(".")
    match error.args:  # pyOpenSSL's queue of (library, function, reason)
        case ([*_, (str(), str(), str(last))],) if last:
            return last
        case _:
            pass
    reason = getattr(error, "reason", None)
    return reason.casefold().replace("_", " ") if isinstance(reason, str) else type(error).__name__


def system_words(error: OSError) -> str:
    """The system's own words for its error; else the error's type."""
    return os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else type(error).__name__
