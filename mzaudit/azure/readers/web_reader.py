"""Reads App Service: sites with their slots, one facet a call, and their plans."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TypeVar

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.readers import web_wire_models
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.wire_models import Unread, Wire, items_of, read_item
from mzaudit.azure.required_permissions import Need
from mzaudit.azure.text import linux_fx_version
from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked
from mzaudit.snapshot.text import key_vault_reference, shown
from mzaudit.snapshot.text.ids import group_of, name, segment
from mzaudit.snapshot.text.image_reference import Image, parse
from mzaudit.snapshot.text.shown import Shown
from mzaudit.snapshot.values import SettingValue
from mzaudit.snapshot.web import (
    Container,
    Identity,
    ManagedIdentity,
    Mount,
    Plan,
    ReferenceStatus,
    Runtime,
    Setting,
    Site,
    SiteConfig,
    SiteContainer,
    SiteProperties,
    UserAssigned,
)

# App Service answers so for an app without any reference
_NO_REFERENCES = frozenset({"NotFound"})

W = TypeVar("W", bound=Wire)
OwnBody = Observed[SiteProperties | None] | Gap
OwnIdentity = Observed[ManagedIdentity | None] | Gap
Known = Callable[[SiteProperties], None]
Turn = AbstractAsyncContextManager[object]


async def site(run: ReadContext, site_id: str, known: Known, turn: Turn) -> Site:
    """An app with its slots; the calls leave together, except those that need another's answer.

    `known` is told the properties of the app, and of each slot, as soon as they are read. Among many an app waits for
    its `turn`, but not with the lists of settings, which Azure counts apart.
    """
    slots = asyncio.create_task(_slots(run, site_id, known))
    return await _facets(run, site_id, known, turn, slots)


def images(site: Site) -> Iterator[Image]:
    """The images that an app's containers are configured with, as far as they were seen."""
    config = site.config.value if isinstance(site.config, Observed) else None
    runtime = None if config is None else config.runtime
    held = (*(() if runtime is None else runtime.containers), *(each.container for each in site.containers.items))
    for container in held:
        image = parse(container.image)
        if image is not None:
            yield image


async def identity_of(run: ReadContext, site_id: str, known: Known) -> Site:
    """An app of which only the identity is wanted: its own body, its client id, and nothing else."""
    async with asyncio.TaskGroup() as group:
        properties = group.create_task(_own(run, site_id, known))
        identity = group.create_task(_identity(run, site_id, properties))
    itself, managed = await _one_identity(run, site_id, properties.result(), identity.result())
    gap = not_asked(f"GET {site_id}")
    nothing: Listing[SiteContainer] = Listing(gap=gap)
    return Site(
        site_id,
        itself,
        gap,
        gap,
        gap,
        gap,
        Listing(gap=gap),
        nothing,
        managed,
        Listing(gap=gap),
    )


async def plan(run: ReadContext, plan_id: str) -> Observed[Plan | None] | Gap:
    """The plan that an app runs on."""
    call = Call(plan_id, kinds.PLAN, required_permissions.PLAN.permission, plan_id)
    return await run.read(call, web_wire_models.WirePlan, _plan)


async def _slots(run: ReadContext, site_id: str, known: Known) -> Listing[Site]:
    call = Call(
        f"{site_id}/slots",
        kinds.SITE,
        required_permissions.SLOT.permission,
        site_id,
        within=(group_of(site_id), site_id),
        leads=True,
    )
    found = await run.list(call, web_wire_models.WireSite, lambda item: item.id)
    return Listing(
        tuple(await side_by_side(_facets(run, slot, known, nullcontext(), None) for slot in sorted(found.items))),
        found.gap,
    )


async def _own(run: ReadContext, site_id: str, known: Known) -> Observed[SiteProperties | None] | Gap:
    seen = await run.read(_own_call(site_id), web_wire_models.WireSite, _properties)
    if isinstance(seen, Observed) and seen.value is not None:
        known(seen.value)
    return seen


async def _facets(
    run: ReadContext, site_id: str, known: Known, turn: Turn, slots: asyncio.Task[Listing[Site]] | None
) -> Site:
    async with asyncio.TaskGroup() as metered:
        settings = metered.create_task(
            run.read(_listed(site_id, "appsettings"), web_wire_models.AppSettings, lambda body: _settings(run, body))
        )
        strings = metered.create_task(
            run.read(
                _listed(site_id, "connectionstrings"),
                web_wire_models.ConnectionStrings,
                lambda body: _strings(run, body),
            )
        )
        mounts = metered.create_task(
            run.read(
                _listed(site_id, "azurestorageaccounts"), web_wire_models.StorageMounts, lambda body: _mounts(run, body)
            )
        )
        async with turn, asyncio.TaskGroup() as group:
            properties = group.create_task(_own(run, site_id, known))
            config = group.create_task(
                run.read(
                    _call(site_id, "/config/web", required_permissions.SITE_CONFIG, required_permissions.SLOT_CONFIG),
                    web_wire_models.Config,
                    lambda body: _config(run, body),
                )
            )
            references = group.create_task(_references(run, site_id))
            containers = group.create_task(_listed_containers(run, site_id, config))
            identity = group.create_task(_identity(run, site_id, properties))
    itself, managed = await _one_identity(run, site_id, properties.result(), identity.result())
    return Site(
        site_id,
        itself,
        config.result(),
        settings.result(),
        strings.result(),
        mounts.result(),
        references.result(),
        _containers(run, containers.result(), settings.result()),
        managed,
        Listing() if slots is None else await slots,
    )


async def _identity(
    run: ReadContext, site_id: str, properties: asyncio.Task[Observed[SiteProperties | None] | Gap]
) -> Observed[ManagedIdentity | None] | Gap:
    seen = await properties
    if isinstance(seen, Observed) and (seen.value is None or not seen.value.identity.system_assigned):
        return Observed(None)
    return await run.read(_identity_call(site_id), web_wire_models.SystemIdentity, _managed)


async def _one_identity(
    run: ReadContext, site_id: str, itself: OwnBody, managed: OwnIdentity
) -> tuple[OwnBody, OwnIdentity]:
    """An app and its identity, each read once more where they tell of two; where they still do, neither is a fact."""
    if not _two_identities(itself, managed):
        return itself, managed
    own, call = _own_call(site_id), _identity_call(site_id)
    itself = await run.read_directly(own, web_wire_models.WireSite, _properties)
    managed = await run.read_directly(call, web_wire_models.SystemIdentity, _managed)
    if not (why := _two_identities(itself, managed)):
        return itself, managed
    return run.contradicted(own, why), run.contradicted(call, why)


def _two_identities(itself: OwnBody, managed: OwnIdentity) -> str:
    """Why they are not of one identity; empty if they are, or one is silent."""
    if isinstance(itself, Gap) or isinstance(managed, Gap) or itself.value is None:
        return ""
    told, it = itself.value.identity, managed.value
    if it is None:
        return "the app reports an identity that is missing" if told.principal_id is not None else ""
    for what, one, other in (
        ("principalId", told.principal_id, it.principal_id),
        ("tenantId", told.tenant_id, it.tenant_id),
    ):
        if one and other and one.casefold() != other.casefold():
            return f"the app and its identity report two values of {what}"
    return ""


def _identity_call(site_id: str) -> Call:
    target = kinds.IDENTITY.id(site_id, "default")
    return Call(target, kinds.IDENTITY, required_permissions.IDENTITY.permission, site_id)


async def _listed_containers(
    run: ReadContext, site_id: str, config: asyncio.Task[Observed[SiteConfig | None] | Gap]
) -> Listing[web_wire_models.WireSiteContainer]:
    call = _call(site_id, "/sitecontainers", required_permissions.SITE_CONTAINERS, required_permissions.SLOT_CONTAINERS)
    found = await run.list(call, web_wire_models.WireSiteContainer, _itself)
    seen = await config
    told = seen.value.runtime if isinstance(seen, Observed) and seen.value is not None else None
    runs = told is not None and told.form == "sitecontainers"

    def lacks(items: tuple[web_wire_models.WireSiteContainer, ...]) -> str:
        return "it is empty, though linuxFxVersion says sitecontainers" if runs and not items else ""

    return await run.agreed(call, web_wire_models.WireSiteContainer, _itself, found, lacks)


def _itself(body: web_wire_models.WireSiteContainer) -> web_wire_models.WireSiteContainer:
    return body


def _call(site_id: str, below: str, app: Need, slot: Need) -> Call:
    """A read of a site or slot; a slot has permissions of its own."""
    return Call(site_id + below, kinds.SITE, _permission(site_id, app, slot), site_id)


def _permission(site_id: str, app: Need, slot: Need) -> str:
    return (slot if segment(site_id, "slots") else app).permission


def _own_call(site_id: str) -> Call:
    return replace(_call(site_id, "", required_permissions.SITE, required_permissions.SLOT), leads=True)


def _listed(site_id: str, what: str) -> Call:
    permission = _permission(site_id, required_permissions.SITE_SETTINGS, required_permissions.SLOT_SETTINGS)
    return Call(f"{site_id}/config/{what}/list", kinds.SITE, permission, site_id, method="POST")


async def _references(run: ReadContext, site_id: str) -> Listing[ReferenceStatus]:
    """What App Service says of each reference; not asked of slots, of which no rule wants it."""
    target = f"{site_id}/config/configreferences/appsettings"
    if segment(site_id, "slots"):
        return Listing(gap=not_asked(f"GET {target}"))
    call = Call(target, kinds.SITE, required_permissions.SITE_REFERENCES.permission, site_id, absent=_NO_REFERENCES)
    found = await run.listing(call, web_wire_models.WireReference, _reference, _reference_page)
    return found or Listing()


def _reference_page(answer: Answer) -> tuple[list[web_wire_models.WireReference | Unread], str | None]:
    body, items = items_of(answer.body, web_wire_models.References, web_wire_models.WireReference)
    if body.properties is not None:
        told = body.properties.key_to_reference_statuses or {}
        named = [({"name": each, "properties": status}, each) for each, status in told.items()]
        items += [read_item(one, web_wire_models.WireReference, each) for one, each in named]
    elif "value" not in body.model_fields_set:
        raise ValueError("neither a list nor a map")
    return items, body.next_link


def _properties(body: web_wire_models.WireSite) -> SiteProperties:
    members, identity = body.properties or web_wire_models.SiteMembers(), body.identity
    attached = {} if identity is None else identity.user_assigned_identities or {}
    return SiteProperties(
        id=body.id,
        name=body.name,
        location=body.location,
        kind=_split(body.kind),
        reserved=members.reserved,
        enabled=members.enabled,
        state=members.state,
        plan_id=members.server_farm_id,
        identity=Identity(
            types=() if identity is None else _types(identity),
            principal_id=None if identity is None else identity.principal_id,
            tenant_id=None if identity is None else identity.tenant_id,
            user_assigned=tuple(
                UserAssigned(id_, None if one is None else one.principal_id, None if one is None else one.client_id)
                for id_, one in sorted(attached.items())
            ),
        ),
        key_vault_reference_identity=_told(shown.identity, members.key_vault_reference_identity),
        function_runtime=_function_runtime(members.function_app_config),
        managed_environment=members.managed_environment_id or None,
    )


def _function_runtime(config: web_wire_models.FunctionAppConfig | None) -> Runtime | None:
    runtime = config.runtime if config is not None else None
    if runtime is None or not runtime.name:
        return None
    return linux_fx_version.stack(runtime.name, runtime.version or "")


def _types(identity: web_wire_models.SiteIdentity) -> tuple[str, ...]:
    """The kinds of identity; without a type its members tell them: the principal id is the system-assigned one's."""
    if identity.type is not None:
        return tuple(kind for kind in _split(identity.type) if kind != "none")
    attached = ("userassigned",) if identity.user_assigned_identities else ()
    return (("systemassigned",) if identity.principal_id else ()) + attached


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip().casefold() for part in (text or "").split(",") if part.strip())


def _config(run: ReadContext, body: web_wire_models.Config) -> SiteConfig:
    members = body.properties
    return SiteConfig(
        runtime=None
        if members.linux_fx_version is None
        else linux_fx_version.parse(members.linux_fx_version, run.classifier),
        windows_fx_version=_told(shown.kind, members.windows_fx_version),
        acr_use_managed_identity=members.acr_use_managed_identity_creds,
        acr_user_managed_identity=_told(shown.identity, members.acr_user_managed_identity),
        key_vault_reference_identity=_told(shown.identity, members.key_vault_reference_identity),
    )


def _settings(run: ReadContext, body: web_wire_models.AppSettings) -> tuple[Setting, ...]:
    held = sorted((body.properties or {}).items())
    return tuple(Setting(shown.name(each), run.classifier.setting(value)) for each, value in held)


def _strings(run: ReadContext, body: web_wire_models.ConnectionStrings) -> tuple[Setting, ...]:
    held = _each(body.properties, web_wire_models.ConnectionString())
    return tuple(
        Setting(shown.name(each), run.classifier.setting(one.value), shown.word(one.type or "")) for each, one in held
    )


def _mounts(run: ReadContext, body: web_wire_models.StorageMounts) -> tuple[Mount, ...]:
    held = _each(body.properties, web_wire_models.StorageMount())
    return tuple(Mount(shown.name(each), _told(shown.host, one.account_name), _key(run, one)) for each, one in held)


def _key(run: ReadContext, mount: web_wire_models.StorageMount) -> SettingValue | None:
    """The key of a mounted share; NFS has none."""
    silent = mount.access_key is None and (mount.protocol or "").casefold() != "nfs"
    return None if silent else run.classifier.share_key(mount.access_key)


def _each(told: Mapping[str, W | None] | None, silent: W) -> list[tuple[str, W]]:
    """The members of a map by name; one that is null says nothing."""
    return [(each, silent if one is None else one) for each, one in sorted((told or {}).items())]


def _reference(body: web_wire_models.WireReference) -> ReferenceStatus:
    members = body.properties or web_wire_models.ReferenceMembers()
    vault = members.vault_name
    of_vault = vault is None or key_vault_reference.is_vault_name(vault)  # else its path may be anything
    secret = members.secret_name if of_vault else None
    return ReferenceStatus(
        setting=shown.name(name(body.name)),
        status=shown.word(members.status or ""),
        vault=_told(shown.host, vault),
        secret=shown.secret(secret) if secret is not None else None,
        version=_told(shown.version, members.secret_version),
        active_version=_told(shown.version, members.active_version),
    )


def _told(shows: Callable[[str], Shown], text: str | None) -> Shown | None:
    return shows(text) if text else None


def _containers(
    run: ReadContext,
    bodies: Listing[web_wire_models.WireSiteContainer],
    settings: Observed[tuple[Setting, ...] | None] | Gap,
) -> Listing[SiteContainer]:
    """Their variables hold names of app settings, as far as those were read."""
    known = settings.value or () if isinstance(settings, Observed) else ()
    names = frozenset(setting.name for setting in known)
    return Listing(tuple(_container(run, body, names) for body in bodies.items), bodies.gap)


def _container(run: ReadContext, body: web_wire_models.WireSiteContainer, settings: frozenset[str]) -> SiteContainer:
    members = body.properties
    secret: SettingValue | None = None
    if members.password_secret is not None:
        secret = run.classifier.setting(members.password_secret)
    variables = members.environment_variables or []
    return SiteContainer(
        Container(
            shown.name(body.name),
            shown.image(members.image),
            members.is_main,
            _told(shown.word, members.auth_type),
            _told(shown.identity, members.user_managed_identity_client_id),
        ),
        user_name=bool(members.user_name),
        secret=secret,
        environment=tuple(
            Setting(shown.name(one.name or ""), run.classifier.variable(one.value, settings)) for one in variables
        ),
    )


def _managed(body: web_wire_models.SystemIdentity) -> ManagedIdentity:
    members = body.properties or web_wire_models.IdentityMembers()
    return ManagedIdentity(members.principal_id, members.client_id, members.tenant_id)


def _plan(body: web_wire_models.WirePlan) -> Plan:
    sku = body.sku
    return Plan(body.id, body.name, None if sku is None else sku.name, None if sku is None else sku.capacity)
