"""The readers of kinds that are read alike: each by its id, and what is wanted in it by name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Final

from mzaudit import kinds
from mzaudit.azure.readers import storage_reader
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.scope import ResourceScope
from mzaudit.kinds import NamedKind

Reader = Callable[[ReadContext, ResourceScope], Coroutine[object, object, object]]

READERS: Final[Mapping[NamedKind, Reader]] = MappingProxyType({kinds.ACCOUNT: storage_reader.account})
"""What each makes is held in the kind's field of a snapshot."""
