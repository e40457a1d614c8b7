"""Azure's grammars: resource ids, image references, Key Vault references, wildcards; which parts may be shown."""
