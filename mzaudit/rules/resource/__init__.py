"""Resources of any type: that they exist, and that their bodies are as documented (RES)."""

from mzaudit.engine.rule import Area

AREA = Area("RES", "resources of any type: that they are there, and as documented")
