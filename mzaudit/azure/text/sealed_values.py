"""Secret and setting values: sealed as soon as they are parsed, kept only as classes and equality labels."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import fields
from typing import Annotated, NoReturn

from pydantic import PlainValidator

from mzaudit.azure.text import credential_shapes, value_shapes
from mzaudit.snapshot.text import key_vault_reference
from mzaudit.snapshot.values import ConnectionStringPart, LiteralValue, SecretValue, SettingValue, ValueClass

_APP_SETTING = re.compile(r"@AppSettingRef\([^()]+\)", re.IGNORECASE)


class Sealed:
    """A text that does not show, print, copy, compare or serialise itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def open(self) -> str:
        """The text: for the classifier alone."""
        return self._text

    def __repr__(self) -> str:
        return "Sealed()"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a sealed value is not shown, copied or stored")

    __str__ = __format__ = __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = __eq__ = __hash__ = _refuse
    __getstate__ = __bytes__ = __len__ = __iter__ = _refuse


def _seal(value: object) -> Sealed:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return Sealed(value)


SealedText = Annotated[Sealed, PlainValidator(_seal)]
"""A wire member that is sealed at the moment it is parsed."""


class Classifier:
    """Turns values into classes; equality is a random label a distinct text of a set, drawn under a key of this run.

    The key and the digests never leave this object. Labels are drawn without order, so neither their size nor their
    sequence says anything about a value, and those of two runs cannot be compared, unless both were given `key`: then
    labels are made from values under it, so that the parts of one night can be. `key_id` names that key and says
    nothing about it. `vault_suffix` is the domain of vaults in the cloud of the run.
    """

    def __init__(self, vault_suffix: str = "", key: Sealed | None = None) -> None:
        self._vault_suffix = vault_suffix
        self._given = key is not None
        self._key = bytes.fromhex(key.open()) if key is not None else secrets.token_bytes(32)
        self.key_id = hmac.digest(self._key, b"name of this key", "sha256").hex()[:16] if key is not None else ""
        self._labels: dict[bytes, int] = {}
        self._drawn: set[int] = set()

    def __repr__(self) -> str:
        return "Classifier()"

    def setting(self, sealed: Sealed | None) -> SettingValue:
        """A setting: the reference that it is, or else the class of its text; null is as empty as an empty text."""
        if sealed is None:
            sealed = Sealed("")
        return key_vault_reference.parse(sealed.open(), self._vault_suffix) or LiteralValue(self.value(sealed))

    def share_key(self, sealed: Sealed | None) -> SettingValue:
        """A mounted share's access key; one that names an app setting is empty: that setting is judged itself."""
        if sealed is not None and _APP_SETTING.fullmatch(sealed.open()):
            sealed = None
        return self.setting(sealed)

    def variable(self, sealed: Sealed | None, settings: Collection[str]) -> SettingValue:
        """A site container's variable; one that names an app setting is empty: that setting is judged itself. What
        names none is a value that somebody wrote there."""
        return self.setting(None if sealed is not None and sealed.open() in settings else sealed)

    def value(self, sealed: Sealed) -> ValueClass:
        """The class of a text."""
        text = sealed.open()
        inner = value_shapes.trimmed(text)
        return ValueClass(
            empty=not inner,
            placeholder=value_shapes.is_placeholder(inner),
            unresolved_reference=key_vault_reference.REFERENCE.search(inner) is not None,
            outer_whitespace=inner != text,
            kinds=value_shapes.kinds(inner),
            credentials=credential_shapes.credentials(inner),
            parts=self._parts(inner),
        )

    def secret(self, sealed: Sealed, among: str) -> SecretValue:
        """The class of a secret's value, and labels that tell what it equals `among` the secrets of that set."""
        text, known = sealed.open(), self.value(sealed)
        return SecretValue(
            **{each.name: getattr(known, each.name) for each in fields(known)},
            same=self._label(f"secret {among}", text),
            same_trimmed=self._label(f"secret {among}", value_shapes.trimmed(text)),
        )

    def _parts(self, text: str) -> tuple[ConnectionStringPart, ...]:
        told = value_shapes.telemetry_parts(text)
        return tuple(
            ConnectionStringPart(name, self._label(name, "\n".join(part for _, part in told[: number + 1])))
            for number, (name, _) in enumerate(told)
        )

    def _label(self, domain: str, text: str) -> int:
        message = f"{len(domain)}:{domain}:".encode() + text.encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, message, "sha256")
        if self._given:
            return int.from_bytes(digest[:6])  # as wide as those that are drawn
        label = self._labels.get(digest)
        while label is None:
            drawn = secrets.randbelow(2**48)
            if drawn not in self._drawn:
                self._drawn.add(drawn)
                label = self._labels[digest] = drawn
        return label
