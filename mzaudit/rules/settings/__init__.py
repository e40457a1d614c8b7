"""App settings: Key Vault references and credentials in clear (SET)."""
