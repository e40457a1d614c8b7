"""What a client says before it may ask anything: PRELOGIN, LOGIN7 and the token of federated authentication."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from mzaudit.simulator.sql.stream import StreamError

_VERSION, _ENCRYPTION, _INSTANCE, _THREAD, _MARS, _FEDERATED = 0x00, 0x01, 0x02, 0x03, 0x04, 0x06
_END = 0xFF
_FEATURE_FEDAUTH = 0x02
_FIXED = struct.Struct("<IIIIIIBBBBiI")
_OFFSETS = struct.Struct("<HH")
_HAS_EXTENSION = 0x10
_READ_ONLY = 0x20


class Encryption(IntEnum):
    """The encryption option of PRELOGIN."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


class Library(IntEnum):
    """How the client brings its token: in the login, or when it was told where to get one."""

    SECURITY_TOKEN = 1
    ADAL = 2


@dataclass(frozen=True, slots=True)
class Prelogin:
    """What a client's PRELOGIN asks for."""

    encryption: int
    federated: bool

    def answer(self, *, strict: bool) -> bytes:
        """Azure's answer: it always encrypts, it has no MARS here, and it takes tokens. In TDS 8.0 (`strict`) nothing
        is left to agree on: clients say that they do not support what they have already done."""
        agreed = Encryption.ON if self.encryption == Encryption.ON else Encryption.REQUIRED
        if strict:
            agreed = Encryption.NOT_SUPPORTED
        options = {_VERSION: bytes((12, 0, 0x07, 0xD0, 0, 0)), _ENCRYPTION: bytes((agreed,)), _INSTANCE: b"\0"}
        options |= {_THREAD: b"", _MARS: b"\0"}
        if self.federated:
            options[_FEDERATED] = b"\1"
        head, data = bytearray(), bytearray()
        start = 5 * len(options) + 1
        for token, value in options.items():
            head += struct.pack(">BHH", token, start + len(data), len(value))
            data += value
        return bytes(head) + bytes((_END,)) + bytes(data)


@dataclass(frozen=True, slots=True)
class Login7:
    """A LOGIN7. `token` is the access token in it, `library` None means a password (which is never kept)."""

    version: int
    packet_size: int
    application: str
    server: str
    database: str
    user: str
    read_only: bool
    library: Library | None
    token: str


def read_prelogin(payload: bytes) -> Prelogin:
    """Read a PRELOGIN; raises `StreamError`."""
    options: dict[int, bytes] = {}
    try:
        place = 0
        while payload[place] != _END:
            token, offset, length = struct.unpack_from(">BHH", payload, place)
            if offset + length > len(payload):
                raise StreamError("an option of PRELOGIN lies outside of it")
            options[token] = payload[offset : offset + length]
            place += 5
    except (IndexError, struct.error) as error:
        raise StreamError("PRELOGIN ends before its terminator") from error
    encryption = options.get(_ENCRYPTION, b"")
    return Prelogin(encryption[0] if encryption else Encryption.NOT_SUPPORTED, options.get(_FEDERATED) == b"\1")


def read_login(payload: bytes) -> Login7:
    """Read a LOGIN7; raises `StreamError`."""
    try:
        _, version, packet_size, *_, type_flags, flags3, _, _ = _FIXED.unpack_from(payload)
        texts = [_OFFSETS.unpack_from(payload, _FIXED.size + 4 * index) for index in range(9)]
        library, token = None, ""
        if flags3 & _HAS_EXTENSION:
            (extension,) = struct.unpack_from("<I", payload, texts[5][0])
            library, token = _federated(payload, extension)
        user, application, server, database = (_text(payload, *texts[index]) for index in (1, 3, 4, 8))
    except (struct.error, IndexError, ValueError) as error:
        raise StreamError("LOGIN7 does not hold what it promises") from error
    return Login7(
        version, packet_size, application, server, database, user, bool(type_flags & _READ_ONLY), library, token
    )


def read_token(payload: bytes) -> str:
    """Read the message that brings the token of an ADAL login; raises `StreamError`."""
    try:
        _, length = struct.unpack_from("<II", payload)
        return _text(payload, 8, length // 2)
    except (struct.error, ValueError) as error:
        raise StreamError("the federated token does not hold what it promises") from error


def _federated(payload: bytes, place: int) -> tuple[Library | None, str]:
    """The library and the token among the features of a login."""
    while payload[place] != _END:
        feature, length = struct.unpack_from("<BI", payload, place)
        place += 5
        if feature == _FEATURE_FEDAUTH:
            library = Library(payload[place] >> 1)
            if library is Library.ADAL:
                return library, ""
            (size,) = struct.unpack_from("<I", payload, place + 1)
            return library, _text(payload, place + 5, size // 2)
        place += length
    return None, ""


def _text(payload: bytes, offset: int, characters: int) -> str:
    data = payload[offset : offset + 2 * characters]
    if len(data) != 2 * characters:
        raise ValueError("a text lies outside of its message")
    return data.decode("utf-16-le")
