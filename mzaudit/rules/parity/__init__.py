"""Parity: environments differ only where the policy says they may (ENV)."""

from mzaudit.engine.rule import Area

AREA = Area("ENV", "environments beside each other: alike but for what the policy allows")
