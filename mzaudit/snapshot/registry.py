"""The container registry as seen: control plane, and the tags that a rule asks about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mzaudit.snapshot.moment import Moment
from mzaudit.snapshot.observed import Gap, Listing, Observed


@dataclass(frozen=True, slots=True)
class RegistryProperties:
    """GET registry. `role_mode` None means LegacyRegistryPermissions; `arm_tokens` None means Azure was silent."""

    id: str
    name: str
    login_server: str | None
    admin_user: bool | None
    role_mode: str | None
    arm_tokens: str | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a repository: what it points at and when it was last pushed (moved)."""

    name: str
    digest: str | None
    pushed: Moment | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest behind a digest: of an index the digests of its `platforms`' images, of an image none; None means
    that Azure was silent about those of an index. One that is `nested` may hold further indexes, whose images are not
    among them."""

    platforms: tuple[str, ...] | None
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry; `tags` by repository name. A repository that the registry does not know is `Observed(None)`.

    `manifests` by `REPOSITORY@DIGEST`: those behind a tag that an app runs together with another digest.
    """

    id: str
    properties: Observed[RegistryProperties | None] | Gap
    tags: Mapping[str, Observed[Listing[Tag] | None] | Gap]
    manifests: Mapping[str, Observed[Manifest | None] | Gap] = field(default_factory=dict)
