"""Blob storage as the control plane shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mzaudit.snapshot.observed import Gap, Observed, not_asked


@dataclass(frozen=True, slots=True)
class AccountProperties:
    """GET storage account. `shared_key` None counts as allowed; `public_blobs` None is Azure's silence."""

    id: str
    name: str
    shared_key: bool | None
    public_blobs: bool | None


@dataclass(frozen=True, slots=True)
class BlobContainer:
    """GET container. `public_access` is None, `None`, `Blob` or `Container`."""

    id: str
    name: str
    public_access: str | None


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """An account, and the containers asked for by casefolded name."""

    id: str
    properties: Observed[AccountProperties | None] | Gap
    containers: Mapping[str, Observed[BlobContainer | None] | Gap]

    def container(self, name: str) -> Observed[BlobContainer | None] | Gap:
        """The container of that name, from its direct read."""
        return self.containers.get(name.casefold()) or not_asked(
            f"GET {self.id}/blobServices/default/containers/{name}"
        )
