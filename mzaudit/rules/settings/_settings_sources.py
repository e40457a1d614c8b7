"""Where an app and its slots keep settings: app settings, connection strings, mounts, containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mzaudit.facts.setting_references import as_read
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed, T
from mzaudit.snapshot.text import ids
from mzaudit.snapshot.values import SettingValue
from mzaudit.snapshot.web import Mount, Setting, Site, SiteConfig, SiteContainer

U = TypeVar("U")


class SettingKind(StrEnum):
    """What an entry is, in the words of a finding."""

    APP_SETTING = "app setting"
    CONNECTION_STRING = "connection string"
    MOUNT = "mounted share"
    COMPOSE_VARIABLE = "compose variable"
    CONTAINER_VARIABLE = "container variable"
    REGISTRY_LOGIN = "registry password of the container"


@dataclass(frozen=True, slots=True)
class SettingEntry:
    """One named value; `at` is its property path, `type` a connection string's, `slot` empty for the app itself.

    `name_tells` is false for a container's variable where the app settings were not read: it may name one of them.
    """

    kind: SettingKind
    at: str
    name: str
    value: SettingValue
    type: str
    slot: str
    name_tells: bool = True


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """One list of entries."""

    kind: SettingKind
    at: str
    entries: Listing[SettingEntry]


def settings_sources(site: Site) -> Iterator[SettingsSource]:
    """Every place of the app and of each slot that was seen; whether there are more slots, `site.slots` tells."""
    yield from _of(site, "")
    for slot in site.slots.items:
        yield from _of(slot, ids.name(slot.id))


def _of(site: Site, slot: str) -> Iterator[SettingsSource]:
    def place(kind: SettingKind, path: str, found: Listing[tuple[str, Setting]]) -> SettingsSource:
        at, tells = (
            f"{site.id}/{path}",
            kind is not SettingKind.CONTAINER_VARIABLE or isinstance(site.settings, Observed),
        )
        return SettingsSource(
            kind,
            at,
            _each(found, lambda n: [SettingEntry(kind, f"{at}/{n[0]}", n[1].name, n[1].value, n[1].kind, slot, tells)]),
        )

    strings = _listing(site.connection_strings, f"POST {site.id}/config/connectionstrings/list")
    mounts = _mounts(site.mounts, f"POST {site.id}/config/azurestorageaccounts/list")
    compose = _compose(site.config, f"GET {site.id}/config/web")
    settings = _listing(site.settings, f"POST {site.id}/config/appsettings/list")
    read = Listing(tuple(as_read(site, settings.items)), settings.gap)
    yield place(SettingKind.APP_SETTING, "config/appsettings", _each(read, _named))
    yield place(SettingKind.CONNECTION_STRING, "config/connectionstrings", _each(strings, _named))
    yield place(SettingKind.MOUNT, "config/azurestorageaccounts", _each(mounts, _named))
    yield place(SettingKind.COMPOSE_VARIABLE, "config/web/linuxFxVersion", _each(compose, _named))
    yield place(SettingKind.CONTAINER_VARIABLE, "sitecontainers", _each(site.containers, _variables))
    yield place(SettingKind.REGISTRY_LOGIN, "sitecontainers", _each(site.containers, _login))


def _listing(facet: Observed[tuple[T, ...] | None] | Gap, call: str) -> Listing[T]:
    """The facet as a listing; of a site that exists, a missing part is an answer that nobody can judge."""
    if isinstance(facet, Gap):
        return Listing(gap=facet)
    if facet.value is None:
        return Listing(gap=Gap(GapReason.MALFORMED, call, detail="404 for a part of something that exists"))
    return Listing(facet.value)


def _mounts(facet: Observed[tuple[Mount, ...] | None] | Gap, call: str) -> Listing[Setting]:
    """The mounted shares with a key that is told; of one whose key is not nothing can be said."""
    found = _listing(facet, call)
    silent = [each.name for each in found.items if each.credential is None]
    told = tuple(Setting(each.name, each.credential) for each in found.items if each.credential is not None)
    untold = f"the answer has no accessKey of {silent[0]}" if silent else ""
    return Listing(told, Gap(GapReason.MALFORMED, call, detail=untold) if silent else found.gap)


def _compose(facet: Observed[SiteConfig | None] | Gap, call: str) -> Listing[Setting]:
    if isinstance(facet, Gap) or facet.value is None:
        return _listing(facet if isinstance(facet, Gap) else Observed(None), call)
    runtime = facet.value.runtime
    if runtime is None:
        return Listing(gap=Gap(GapReason.MALFORMED, call, detail="the answer has no properties.linuxFxVersion"))
    return Listing(
        runtime.environment, Gap(GapReason.MALFORMED, call, detail=runtime.problem) if runtime.problem else None
    )


def _named(setting: Setting) -> list[tuple[str, Setting]]:
    return [(setting.name, setting)]


def _variables(child: SiteContainer) -> list[tuple[str, Setting]]:
    path = f"{child.container.name}/environmentVariables"
    return [(f"{path}/{setting.name}", setting) for setting in child.environment]


def _login(child: SiteContainer) -> list[tuple[str, Setting]]:
    if child.secret is None:
        return []
    return [(f"{child.container.name}/passwordSecret", Setting(child.container.name, child.secret))]


def _each(listing: Listing[T], make: Callable[[T], Iterable[U]]) -> Listing[U]:
    return Listing(tuple(made for item in listing.items for made in make(item)), listing.gap)
