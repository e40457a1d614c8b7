"""Blob storage as the control plane shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mzaudit.snapshot.observed import Gap, Observed, not_asked


@dataclass(frozen=True, slots=True)
class AccountProperties:
    """GET storage account. `shared_key` None counts as allowed; `public_blobs` None is Azure's silence. Hierarchical
    namespace, SFTP, its local users and NFS 3.0 are there if set to true."""

    id: str
    name: str
    shared_key: bool | None
    public_blobs: bool | None
    hierarchical: bool | None = None
    sftp: bool | None = None
    local_users: bool | None = None
    nfs: bool | None = None


@dataclass(frozen=True, slots=True)
class BlobContainer:
    """GET container. `public_access` is `None`, `Blob` or `Container`; None means that Azure was silent."""

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
