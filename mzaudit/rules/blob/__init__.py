"""Blob storage: the snap container (BLOB)."""

from mzaudit.engine.rule import Area

AREA = Area("BLOB", "the snap binaries: the container, and that it is private")
