"""Deviations: for each documented fact of the policy, the ways in which it can be wrong, missing or too much.

Importing a module registers its generators: a deviation is there because its file is.
"""

from __future__ import annotations

import importlib
import pkgutil

from mzaudit.drill.deviation_registry import conform, deviations

for _module in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(_module.name)

__all__ = ["conform", "deviations"]
