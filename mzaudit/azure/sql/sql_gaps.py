"""The one table from what a database answered, or how talking to it broke, to what a rule is told."""

from __future__ import annotations

import ssl
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import OpenSSL.SSL
import pytds

from mzaudit.azure.client.failures import DatabaseError, DatabaseFailure
from mzaudit.azure.client.gaps import raised_by_us
from mzaudit.connection_failures import no_tls, of_certificate, system_words
from mzaudit.snapshot.observed import GapReason

_USER = "the auditing identity is not a user of the database, or CONNECT is denied to it"

# https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues, and sys.messages
NUMBERS: Final[Mapping[int, tuple[GapReason, str, bool]]] = MappingProxyType(
    {
        229: (GapReason.FORBIDDEN, "the right on the object is missing", False),
        230: (GapReason.FORBIDDEN, "the right on the column is missing", False),
        262: (GapReason.FORBIDDEN, "the right in the database is missing", False),
        297: (GapReason.FORBIDDEN, "the right is missing", False),
        300: (GapReason.FORBIDDEN, "the right is missing", False),
        371: (GapReason.FORBIDDEN, "the right is missing", False),
        615: (GapReason.SERVER_ERROR, "the database is coming up", True),
        916: (GapReason.FORBIDDEN, _USER, False),
        926: (GapReason.SERVER_ERROR, "the database cannot be opened now", True),
        1205: (GapReason.SERVER_ERROR, "chosen as the victim of a deadlock", True),
        4060: (GapReason.FORBIDDEN, _USER, False),
        4221: (GapReason.SERVER_ERROR, "the replica is coming up", True),
        10928: (GapReason.THROTTLED, "the database has no worker left", True),
        10929: (GapReason.THROTTLED, "the server is too busy", True),
        18456: (GapReason.FORBIDDEN, _USER, False),
        40143: (GapReason.SERVER_ERROR, "the service failed", True),
        40197: (GapReason.SERVER_ERROR, "the service failed, or is failing over", True),
        40501: (GapReason.THROTTLED, "the service is busy", True),
        40532: (GapReason.UNREACHABLE, "no server answers to this name", False),
        40549: (GapReason.THROTTLED, "the session ran too long", False),
        40613: (
            GapReason.SERVER_ERROR,
            "the database is paused or coming up",
            True,
        ),
        40615: (GapReason.FIREWALL, "the server's firewall does not admit this address", False),
        40914: (GapReason.FIREWALL, "the server's virtual network rules do not admit this subnet", False),
        47072: (
            GapReason.REFUSED,
            "the server requires TLS 1.3, which TDS 7.4 does not support",
            False,
        ),
        47073: (
            GapReason.PRIVATE_ONLY,
            "public network access is off",
            False,
        ),
        49918: (GapReason.THROTTLED, "the service is busy", True),
        49919: (GapReason.THROTTLED, "the service is busy", True),
        49920: (GapReason.THROTTLED, "the service is busy", True),
    }
)

GARBAGE = DatabaseFailure(GapReason.MALFORMED, "the server's answer is not TDS: a gateway or proxy may have answered")
_SLOW = DatabaseFailure(GapReason.TIMEOUT, "no answer in time")

# What the driver raises when a stream is not what it ought to be.
_STRAY = (
    pytds.Error,
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    EOFError,
)

BROKEN = (DatabaseError, OpenSSL.SSL.Error, OSError, *_STRAY)
"""What talking through the driver may raise; all else is a defect of ours."""


def from_error(error: BaseException) -> DatabaseFailure:
    """What an exception means. Of the server's words only the number is told."""
    match error:
        case DatabaseError():
            return error.trouble
        case pytds.DatabaseError() if error.number or error.msg_no:
            return from_number(int(error.number or error.msg_no))
        case TimeoutError():
            return _SLOW
        case pytds.ClosedConnectionError():
            return DatabaseFailure(GapReason.UNREACHABLE, "the connection broke", again=True)
        case ssl.SSLCertVerificationError():  # the server's own TLS is pyOpenSSL's
            return DatabaseFailure(GapReason.UNREACHABLE, of_certificate("the proxy", error))
        case ssl.SSLError():
            return DatabaseFailure(GapReason.UNREACHABLE, no_tls("the proxy", error))
        case OSError():
            return DatabaseFailure(GapReason.UNREACHABLE, f"the connection broke ({system_words(error)})", again=True)
        case OpenSSL.SSL.Error():
            return DatabaseFailure(GapReason.UNREACHABLE, no_tls("this server", error))
        case _ if (line := raised_by_us(error)) is not None:
            return DatabaseFailure(GapReason.INTERNAL, f"{type(error).__name__} at {line}")
        case _:
            return GARBAGE


def from_number(number: int) -> DatabaseFailure:
    """What an error of the server's means."""
    reason, phrase, again = NUMBERS.get(
        number, (GapReason.SERVER_ERROR, "look the number up in the errors of Azure SQL", False)
    )
    return DatabaseFailure(reason, f"error {number}: {phrase}", again, alive=not again)
