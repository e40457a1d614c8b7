"""Image references by Docker's grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
_DOCKER_HUB_HOSTS: Final = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})

_HOST: Final = re.compile(r"[a-z0-9]+(?:[.-]+[a-z0-9]+)*(?::[0-9]{1,5})?")
_PATH: Final = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,128}")


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference: `tag` and `digest` are `None` where the reference has none (no tag and no digest means
    `latest`); the host is lower case and without the default port."""

    host: str
    repository: str
    tag: str | None
    digest: str | None


def parse(reference: str) -> Image | None:
    """An image reference by Docker's grammar; `None` if it is none. Without a registry host it is Docker Hub's."""
    rest, pinned, digest = reference.partition("@")
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head.casefold() == "localhost"):
        host, name = head.casefold().removesuffix(":443"), tail
        host = DOCKER_HUB if host in _DOCKER_HUB_HOSTS else host
    else:
        host, name = DOCKER_HUB, rest
    repository, tagged, tag = name.partition(":")
    if not (_HOST.fullmatch(host) and _PATH.fullmatch(repository)):
        return None
    if (tagged and not _TAG.fullmatch(tag)) or (pinned and not _DIGEST.fullmatch(digest)):
        return None
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Image(host, repository, tag if tagged else None, digest if pinned else None)


def is_host_of(login_server: str, host: str) -> bool:
    """Whether a host serves the registry with that login server: itself, or one of a region (`NAME.REGION.geo.DOMAIN`,
    `NAME.REGION.data.DOMAIN`). A registry's name is its own in one cloud, whose domain the login server has."""
    name, _, domain = login_server.casefold().partition(".")
    asked, _, rest = host.partition(".")
    region, _, of = rest.partition(".")
    regional = region.isascii() and region.isalnum() and region.islower() and of in (f"geo.{domain}", f"data.{domain}")
    return asked == name and (rest == domain or regional)
