"""Blob storage: containers (BLOB)."""

from mzaudit.engine.rule import Area

AREA = Area("BLOB", "blob containers: that they are there, and private")
