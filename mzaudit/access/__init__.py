"""Effective access: Azure RBAC, deny assignments, conditions, access policies and keys, decided in three values."""
