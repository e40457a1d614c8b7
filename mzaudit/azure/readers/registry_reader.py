"""Reads a container registry: its own body, the tags of the repositories that a rule asks about, and manifests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from pydantic import Field

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.client.guard import lies_in
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.wire_models import ContradictionError, Echo, Moment, Page, Resource, Unread, Wire, items_of
from mzaudit.azure.scope import ResourceScope
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.registry import Manifest, Registry, RegistryProperties, Tag
from mzaudit.snapshot.text.image_reference import Image, is_host_of

T = TypeVar("T")

_UNKNOWN = frozenset({"NAME_UNKNOWN", "REPOSITORY_UNKNOWN"})
_IMAGES = frozenset(
    {"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"}
)
_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?', re.IGNORECASE)


class _Status(Wire):
    status: str | None = None


class _Policies(Wire):
    arm_tokens: _Status | None = Field(default=None, alias="azureADAuthenticationAsArmPolicy")


class _RegistryMembers(Wire):
    login_server: str | None = None
    admin_user_enabled: bool | None = None
    role_assignment_mode: str | None = None
    policies: _Policies | None = None


class _Registry(Resource):
    properties: _RegistryMembers


class _Tag(Wire):
    name: str
    digest: str | None = None
    last_update_time: Moment | None = None


class _Tags(Page[T]):
    """A page of tags: absent or null, where the repository has none left."""

    value: list[T] | None = Field(default=None, alias="tags")
    image_name: Echo = ""


class _Platform(Wire):
    """A manifest in an index: an image tells its platform; without one it may be an index again."""

    digest: str
    architecture: str | None = None
    os: str | None = None


class _Manifest(Wire):
    digest: str
    media_type: str | None = None
    references: list[_Platform | None] | None = None


class _Behind(Wire):
    """One manifest: an image's has no references, an index' those of its platforms."""

    image_name: Echo = ""
    manifest: _Manifest


async def registry(run: ReadContext, scope: ResourceScope) -> Registry:
    """A registry with the tags of the repositories in scope; they lie behind its login server."""
    call = Call(scope.id, kinds.REGISTRY, required_permissions.REGISTRY.permission, scope.id, leads=True)
    suffix = run.connection.endpoints.registry_suffix
    properties = await run.read(call, _Registry, lambda body: _properties(body, suffix))
    found = await side_by_side(_tags(run, scope.id, properties, repository) for repository in scope.names)
    return Registry(scope.id, properties, dict(zip(scope.names, found, strict=True)))


async def with_manifests(run: ReadContext, read: asyncio.Task[Registry], images: Iterable[Image]) -> Registry:
    """The registry with the manifest behind each tag that one of the images names beside another digest: that may be
    one platform's of the tag's index. Nothing is read for an image without both, or whose digest is the tag's."""
    seen = await read
    if isinstance(seen.properties, Gap) or seen.properties.value is None:
        return seen
    properties = seen.properties.value
    wanted = {
        (image.repository, tag.digest): None
        for image in images
        if image.digest is not None and is_host_of(properties.login_server or "", image.host)
        for tag in _listed(seen, image.repository)
        if tag.name == image.tag and tag.digest not in (None, image.digest)
    }
    found = await side_by_side(_manifest(run, properties, repository, digest or "") for repository, digest in wanted)
    names = (f"{repository}@{digest}" for repository, digest in wanted)
    return replace(seen, manifests=dict(zip(names, found, strict=True)))


def _listed(seen: Registry, repository: str) -> tuple[Tag, ...]:
    tags = seen.tags.get(repository)
    return tags.value.items if isinstance(tags, Observed) and tags.value is not None else ()


async def _manifest(
    run: ReadContext, properties: RegistryProperties, repository: str, digest: str
) -> Observed[Manifest | None] | Gap:
    call = _within(properties, repository, f"_manifests/{quote(digest, safe='')}", "MANIFEST_UNKNOWN")
    return await run.read(call, _Behind, partial(_behind, repository, digest))


def _behind(repository: str, digest: str, body: _Behind) -> Manifest:
    told = body.manifest
    if body.image_name not in ("", repository) or told.digest != digest:
        raise ContradictionError("the manifest is another one")
    inside = [each for each in told.references or () if each is not None]
    platforms = tuple(each.digest for each in inside)
    nested = any(not (each.architecture or each.os) for each in inside)
    return Manifest(platforms if platforms or told.media_type in _IMAGES else None, nested)


def _within(properties: RegistryProperties, repository: str, what: str, *absent: str) -> Call:
    """The read of something in a repository, behind the login server."""
    abac = (properties.role_mode or "").casefold() == "abacrepositorypermissions"
    return Call(
        f"https://{(properties.login_server or '').casefold()}/acr/v1/{quote(repository, safe='')}/{what}",
        kinds.REGISTRY_DATA,
        (required_permissions.ABAC_TAGS if abac else required_permissions.TAGS).permission,
        properties.id,
        absent=_UNKNOWN.union(absent),
    )


async def _tags(
    run: ReadContext, registry_id: str, properties: Observed[RegistryProperties | None] | Gap, repository: str
) -> Observed[Listing[Tag] | None] | Gap:
    if isinstance(properties, Gap):
        return properties
    if properties.value is None:
        return Observed(None)
    if properties.value.login_server is None:
        return Gap(GapReason.MALFORMED, f"GET {registry_id}", registry_id, detail="the answer has no loginServer")
    order = (("n", "100"), ("orderby", "timedesc"))
    call = replace(_within(properties.value, repository, "_tags"), query=order)
    listing = await run.listing(call, _Tag, _tag, partial(_page, repository))
    if listing is None:
        return Observed(None)
    return listing.gap if listing.gap is not None and not listing.items else Observed(listing)


def _page(repository: str, answer: Answer) -> tuple[list[_Tag | Unread], str | None]:
    link = _NEXT.search(answer.headers.get("link", ""))
    body, tags = items_of(answer.body, _Tags, _Tag)
    if body.image_name not in ("", repository):
        raise ValueError("the tags of another repository")
    if not body.image_name and "value" not in body.model_fields_set:
        raise ValueError("neither tags nor a repository")
    return tags, None if link is None else link.group(1)


def _properties(body: _Registry, suffix: str) -> RegistryProperties:
    members = body.properties
    if members.login_server is not None and not lies_in(members.login_server, suffix):
        raise ValueError("loginServer is not a registry's host name")
    # a domain name label puts a hash behind the name, which itself holds no dash
    if (
        members.login_server is not None
        and members.login_server.casefold().split(".")[0].split("-")[0] != body.name.casefold()
    ):
        raise ContradictionError("loginServer is that of another registry")
    policy = None if members.policies is None else members.policies.arm_tokens
    return RegistryProperties(
        id=body.id,
        name=body.name,
        login_server=members.login_server,
        admin_user=members.admin_user_enabled,
        role_mode=members.role_assignment_mode,
        arm_tokens=None if policy is None else policy.status,
    )


def _tag(body: _Tag) -> Tag:
    return Tag(body.name, body.digest, body.last_update_time)
