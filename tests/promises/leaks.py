"""Looks for secrets in whatever was written: whole or in part, in clear or in any of the usual encodings."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, unquote_plus

PART = 8  # characters of a secret that are a leak
HEX_PART = 16  # as many in hexadecimal, or of a secret that reads so; half of that is found by chance among identifiers
HEX = "0123456789abcdefABCDEF-"
DIGESTS = ("md5", "sha1", "sha256")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")


def forms(secret: str) -> Iterator[tuple[str, str, int]]:
    """(name, text, size): every coding of a secret, and how long a piece of it gives it away. What spells characters
    one by one (XML, JSON, URL) is not here: texts are read back from it."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield "raw", secret, PART
    yield "reversed", secret[::-1], PART
    for offset in range(3):
        # What stands in front shifts the sextets; the first and the last carry bits of its neighbours.
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")[offset + 1 : -1]
        yield f"base64 at {offset}", encoded, PART
        yield f"base64url at {offset}", encoded.replace("+", "-").replace("/", "_"), PART
    yield "hex", raw.hex(), HEX_PART
    yield "HEX", raw.hex().upper(), HEX_PART
    for algorithm in DIGESTS:
        digest = hashlib.new(algorithm, raw).digest()
        yield f"{algorithm} hex", digest.hex(), HEX_PART
        yield f"{algorithm} HEX", digest.hex().upper(), HEX_PART
        yield f"{algorithm} base64", base64.b64encode(digest).decode().rstrip("="), PART


def readings(line: str) -> Iterator[str]:
    """A line as it is, and as it reads with its escapes resolved."""
    yield line
    if "&" in line:
        yield html.unescape(line)
    if "%" in line:
        yield unquote(line)
        yield unquote_plus(line)
    if "\\" in line:
        yield _ESCAPE.sub(_unescaped, line)


def _unescaped(found: re.Match[str]) -> str:
    number, byte, plain = found.groups()
    return chr(int(number or byte, 16)) if number or byte else str(plain)


class Searcher:
    """Every piece of every form of the secrets, to look texts through for them in one pass each.

    Lines that were seen to be clean are not looked at again: one report in nine formats repeats itself.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets: dict[str, int] = {}
        self.outputs = 0
        self.characters = 0
        self._clean: set[str] = set()
        self._pieces: dict[int, dict[str, str]] = {PART: {}, HEX_PART: {}}
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Look for these as well from now on."""
        for secret in secrets:
            if secret in self.secrets:
                continue
            number = self.secrets[secret] = len(self.secrets) + 1
            for line in secret.split("\n"):
                for name, text, size in forms(line):
                    label = f"{name} of secret {number}"
                    for start in range(len(text) - size + 1):
                        piece = text[start : start + size]
                        if size == HEX_PART or piece.strip(HEX):
                            self._pieces[size].setdefault(piece, label)
                        elif start + HEX_PART <= len(text):
                            self._pieces[HEX_PART].setdefault(text[start : start + HEX_PART], label)

    def found(self, text: str) -> list[str]:
        """The forms that a text holds a piece of."""
        self.outputs += 1
        self.characters += len(text)
        hits: dict[str, str] = {}
        for line in {line.strip() for line in text.split("\n")} - self._clean:
            before = len(hits)
            for reading in readings(line):
                for size, known in self._pieces.items():
                    windows = {reading[start : start + size] for start in range(len(reading) - size + 1)}
                    hits.update(
                        {
                            known[piece]: f"{known[piece]}: {piece!r} in {line[:200]!r}"
                            for piece in windows & known.keys()
                        }
                    )
            if len(hits) == before:
                self._clean.add(line)
        return list(hits.values())
