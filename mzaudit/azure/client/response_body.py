"""The body of an answer, bounded while it is received and decoded; JSON that can be read in two ways is refused."""

from __future__ import annotations

import codecs
import json
import math
import zlib
from typing import Final, NoReturn, Protocol

import aiohttp
from azure.core.exceptions import DecodeError
from multidict import CIMultiDict, CIMultiDictProxy

LARGEST: Final = 16 * 1024 * 1024
LARGEST_PAGE: Final = 64 * 1024 * 1024
"""Bytes of a body as received and after each decoding: of one thing, and of a page of a list."""

_MOST_CODINGS = 3
_LONGEST_NUMBER = 40
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS


class BodyError(DecodeError):
    """A body that is not to be read; `why` holds nothing of it."""

    def __init__(self, why: str) -> None:
        super().__init__(message=why)
        self.why = why


class BoundedResponse(aiohttp.ClientResponse):
    """An answer of which at most `largest` bytes are read, received and decoded.

    The SDK would decode a body whole, and only when it is complete.
    """

    largest = LARGEST

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers; without Content-Encoding, which `read` has dealt with."""
        found = super().headers
        if "Content-Encoding" not in found:
            return found
        return CIMultiDictProxy(CIMultiDict((k, v) for k, v in found.items() if k.casefold() != "content-encoding"))

    async def read(self) -> bytes:
        """The decoded body. Raises BodyError if it is too large, wrongly coded, or JSON of two meanings."""
        if self._body is None:
            try:
                self._body = await self._received()
                check(self._body)
            except BaseException:
                self.close()
                raise
        return await super().read()

    async def _received(self) -> bytes:
        decoders = _decoders(",".join(super().headers.getall("Content-Encoding", ())), self.largest)
        received = 0
        parts: list[bytes] = []
        async for chunk in self.content.iter_any():
            received += len(chunk)
            if received > self.largest:
                raise _too_large(self.largest)
            for decoder in decoders:
                chunk = decoder.decode(chunk)
            parts.append(chunk)
        if received:
            for decoder in decoders:
                decoder.end()
        return b"".join(parts).removeprefix(codecs.BOM_UTF8)


class _Decoder(Protocol):
    def decode(self, chunk: bytes) -> bytes: ...

    def end(self) -> None: ...


class _Inflate:
    """gzip (RFC 1952, one member) or deflate (RFC 1950; bare RFC 1951, which some servers send)."""

    def __init__(self, coding: str, most: int) -> None:
        self._coding, self._most, self._left = coding, most, most
        self._inflate = zlib.decompressobj(_GZIP) if coding == "gzip" else None

    def decode(self, chunk: bytes) -> bytes:
        if not chunk:
            return b""
        if self._inflate is None:
            self._inflate = zlib.decompressobj(_ZLIB if chunk[0] & 0x0F == 8 else _RAW)
        try:
            found = self._inflate.decompress(chunk, self._left + 1)
        except zlib.error:
            raise BodyError(f"the body is not the {self._coding} that it says it is") from None
        self._left -= len(found)
        if self._left < 0:
            raise _too_large(self._most)
        if self._inflate.unused_data:
            raise BodyError(f"more follows the end of the {self._coding} body")
        return found

    def end(self) -> None:
        if self._inflate is None or not self._inflate.eof:
            raise BodyError(f"the {self._coding} body was cut short")


def _decoders(codings: str, most: int) -> list[_Decoder]:
    """One decoder a coding, the last applied first (RFC 9110, 8.4)."""
    names = [each.strip().lower().removeprefix("x-") for each in codings.split(",")]
    applied = [each for each in names if each not in ("", "identity")]
    if len(applied) > _MOST_CODINGS or any(each not in ("gzip", "deflate") for each in applied):
        raise BodyError("the body has a Content-Encoding that was not asked for")
    return [_Inflate(each, most) for each in reversed(applied)]


def check(body: bytes) -> None:
    """Raise BodyError for JSON that is nested too deeply, holds no finite number or one without end, or a name twice
    with two values; and for UTF-16 or UTF-32, which `json.loads` would guess. What is not JSON (a page of HTML) is left
    to whoever expects some."""
    if b"\0" in body:  # in every JSON text of these encodings, and in none of UTF-8 (RFC 8259, 7 and 8.1)
        raise BodyError("the body is not UTF-8")
    if body.startswith(codecs.BOM_UTF8):  # one was taken off; `json.loads` would take off another
        raise BodyError("the body has a second byte order mark")
    if body.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        _JSON.decode(body.decode())
    except UnicodeDecodeError:
        raise BodyError("the body is not UTF-8") from None
    except RecursionError:
        raise BodyError("the body is nested too deeply") from None
    except json.JSONDecodeError:
        return


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs) and any(found[name] != value for name, value in pairs):
        raise BodyError("the body has a duplicate member")
    return found


def _no_number(text: str) -> NoReturn:
    raise BodyError("the body has an invalid number")


def _float(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        _no_number(text)
    return found


def _int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise BodyError("the body has a number that is too long")
    return int(text)


_JSON = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number, parse_float=_float, parse_int=_int)


def _too_large(most: int) -> BodyError:
    return BodyError(f"the body is larger than {most // 1024 // 1024} MiB")
