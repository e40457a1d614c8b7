"""Container images: where they come from and what tags them (IMG)."""

from mzaudit.engine.rule import Area

AREA = Area("IMG", "the images: from the shared registry, tagged by commit, pulled by identity")
