"""Parity: environments differ only where the policy says they may (ENV)."""
