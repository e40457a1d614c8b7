"""Words that all packages share, closed lists of them first; apart from the models, which take long to load."""

from __future__ import annotations

from enum import StrEnum


def counted(count: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Severity(StrEnum):
    """How much a violation matters; also the gate's threshold."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class SecretKind(StrEnum):
    """What a secret's value must be (KV-007)."""

    OPAQUE = "opaque"
    URL = "url"
    GUID = "guid"
    APPLICATION_INSIGHTS = "application-insights"
    DATABASE = "database"
    STORAGE = "storage"
    SERVICE_BUS = "service-bus"
    JSON = "json"
    PEM = "pem"

    @property
    def opens(self) -> bool:
        """Whether a value of this kind lets its holder in somewhere: no mere address or id."""
        return self not in (SecretKind.URL, SecretKind.GUID, SecretKind.APPLICATION_INSIGHTS)


class SecretStyle(StrEnum):
    """How a documented secret name is stored: Key Vault names cannot hold an underscore."""

    UNDERSCORE_TO_DASH = "underscore-to-dash"
    LOWER_DASH = "lower-dash"
    AS_IS = "as-is"
