"""The readers of kinds that are read alike: each by its id, and what is wanted in it by name.

A reader is there because its module has a constant `BY_ID`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Coroutine, Mapping
from functools import cache

from mzaudit.azure import readers
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.scope import ResourceScope
from mzaudit.kinds import NamedKind

Reader = Callable[[ReadContext, ResourceScope], Coroutine[object, object, object]]


@cache
def by_kind() -> Mapping[NamedKind, Reader]:
    """The reader of each such kind; what it makes is held in the kind's field of a snapshot."""
    names = (module.name for module in pkgutil.iter_modules(readers.__path__, readers.__name__ + "."))
    modules = map(importlib.import_module, names)
    return {kind: read for module in modules for kind, read in getattr(module, "BY_ID", {}).items()}
