"""Key Vault: the vaults, their contents, the values that must match (KV)."""
