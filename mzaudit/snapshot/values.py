"""What may be kept of a secret or setting value: classes and equality, never a byte of it.

Equality is a partition within a set of secrets that the policy documents to be compared, and nowhere else: whoever may
write a setting and read the snapshot could test guesses against another's secret. Its labels are drawn at random, so
they say nothing about a value and cannot be compared between two snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mzaudit.snapshot.text.shown import Shown


@dataclass(frozen=True, slots=True)
class ConnectionStringPart:
    """A known part of a telemetry connection string (`instrumentationkey`, `ingestionendpoint`) and its equality label,
    which covers the parts before it: of another component no endpoint can be guessed."""

    name: str
    same: int


@dataclass(frozen=True, slots=True)
class ValueClass:
    """What kind of text a value is.

    `kinds` is drawn from `url`, `https-url`, `vault-secret` (the address of a vault's secret), `guid`, `boolean`,
    `number`, `duration`, `sha1` (40 hexadecimal digits: a commit, a thumbprint, some issuers' keys), `json` (an object
    or array), `pem`; the connection strings `application-insights`, `database`
    (a URL of any scheme, or the parts of a driver, with or without a password), `storage`, `service-bus`; and the OTLP
    protocol names `otlp-http` (`http/protobuf`, `http/json`) and `otlp-grpc` (`grpc`);
    `credentials` names the credential shapes that the text matches (`password`, `account-key`, `client-secret`, `sas`,
    `bearer`, `jwt`, `private-key`, `pkcs12`, `url-userinfo`, `of:ISSUER`, `high-entropy`); `unresolved_reference` says
    that the text holds a reference that App Service does not resolve; `parts` are those of a telemetry connection
    string. Two values of one class may be equal or not.
    """

    empty: bool
    placeholder: bool
    unresolved_reference: bool
    outer_whitespace: bool
    kinds: tuple[str, ...]
    credentials: tuple[str, ...]
    parts: tuple[ConnectionStringPart, ...] = ()

    def part(self, name: str) -> int | None:
        """The equality label of a known part, `None` if the text has no such part."""
        return next((part.same for part in self.parts if part.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretValue(ValueClass):
    """The class of a secret's value. `same` and `same_trimmed` are equality labels of the text, and of the text without
    surrounding white space, among the vaults' secrets of that name, if the policy says that they are compared."""

    same: int
    same_trimmed: int


@dataclass(frozen=True, slots=True)
class VaultReference:
    """A Key Vault reference, parsed. `problem` is empty if App Service can read it; else names what is wrong."""

    vault: Shown | None
    secret: Shown | None
    version: Shown | None
    problem: str = ""
    type: Literal["vault-reference"] = "vault-reference"


@dataclass(frozen=True, slots=True)
class OtherReference:
    """A reference to App Configuration, which may itself lead to a vault."""

    type: Literal["app-configuration-reference"] = "app-configuration-reference"


@dataclass(frozen=True, slots=True)
class LiteralValue:
    """Plain text, of which only its class is kept."""

    value: ValueClass
    type: Literal["literal"] = "literal"


SettingValue = VaultReference | OtherReference | LiteralValue
