"""Key Vault: the vaults, their contents, the values that must match (KV)."""

from mzaudit.engine.rule import Area

AREA = Area("KV", "the vaults and their secrets: there, usable, well-formed, shared or distinct as documented")
