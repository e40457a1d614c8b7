"""Azure RBAC: who can read what, and how (RBAC)."""

from mzaudit.engine.rule import Area

AREA = Area("RBAC", "who may do what: the documented roles and no others")
