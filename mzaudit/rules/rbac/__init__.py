"""Azure RBAC: who can read what, and how (RBAC)."""
