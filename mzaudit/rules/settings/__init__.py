"""App settings: Key Vault references and credentials in plain text (SET)."""

from mzaudit.engine.rule import Area

AREA = Area(
    "SET", "the app settings: references to the service's own vault, resolved and current; no credential in plain text"
)
