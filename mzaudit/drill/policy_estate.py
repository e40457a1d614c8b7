"""From a bound policy to the plan of the simulated estate in which everything is as the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mzaudit.drill.deviations import conform
from mzaudit.drill.documented_tags import tags
from mzaudit.policy.desired import (
    Desired,
    DesiredDatabase,
    DesiredEnvironment,
    DesiredImage,
    DesiredRegistry,
    DesiredSecret,
    DesiredService,
)
from mzaudit.policy.enums import SecretKind
from mzaudit.simulator import Estate, compliant
from mzaudit.simulator.estates.estate_plan import (
    NONE,
    SYSTEM,
    AccountPlan,
    AppPlan,
    DatabasePlan,
    DatabaseUse,
    EnvironmentPlan,
    EstatePlan,
    FarmPlan,
    HistoryPlan,
    ImagePlan,
    PrincipalPlan,
    ReferencePlan,
    RegistryPlan,
    RepositoryPlan,
    SecretPlan,
    ServerPlan,
    VaultPlan,
)
from mzaudit.snapshot.text.ids import covers, name, type_of

_SLOTS = ("staging",)
_SLOT = "microsoft.web/sites/slots"
_ENOUGH = "P1v3"  # where the policy says nothing of plans
_PAGE = 50  # a page size that keeps runs short; small pages are a variation of their own


def estate_of(wanted: Desired, midnight: datetime | None = None, *, slots: bool = False) -> Estate:
    """Build the conforming estate; its dates count from `midnight`, by default today's in UTC. With `slots`
    production's first service has one: another identity that holds what the app's does, so that the drill has none."""
    estate = compliant(plan_of(wanted, slots=slots), midnight)
    estate.page_size = _PAGE
    conform(estate, wanted)
    return estate


def plan_of(wanted: Desired, *, slots: bool = True) -> EstatePlan:
    """Plan the conforming estate: every environment of the policy, asked for or not."""
    environments = wanted.environments.values()
    registries = {one.id.casefold(): one for env in environments for one in env.registries}
    return EstatePlan(
        environments=tuple(_environment(wanted, env, _SLOTS if slots else ()) for env in environments),
        registries=tuple(_registry(wanted, registry) for registry in registries.values()),
        resources=tuple(one.id for env in environments for one in env.expected if one.stands_alone),
    )


def plan_size(wanted: Desired, env: DesiredEnvironment) -> str:
    """The recommended plan, but the smallest sufficient one where the policy allows plans to differ."""
    meant = any("plan" in allowed.what and env.env in allowed.between for allowed in wanted.policy.parity)
    plans = env.plans
    smallest = next(iter(plans.minimum.values()), None)
    if smallest is not None and meant and not env.production:
        return smallest
    return plans.recommended or smallest or _ENOUGH


def _registry(wanted: Desired, registry: DesiredRegistry) -> RegistryPlan:
    images = [one.image for one in wanted.services if one.image is not None]
    held: dict[str, dict[str, None]] = {}
    for one in images:
        if one.registry.id.casefold() == registry.id.casefold():
            held.setdefault(one.repository, {}).update(dict.fromkeys(tags(one)))
    return RegistryPlan(registry.id, tuple(RepositoryPlan(name, tuple(held[name])) for name in sorted(held)))


def _environment(wanted: Desired, env: DesiredEnvironment, slots: tuple[str, ...]) -> EnvironmentPlan:
    accounts: dict[str, list[str]] = {}
    for storage in env.storage:
        accounts.setdefault(storage.account_id, []).append(storage.container)
    farm = f"{env.resource_group_id}/providers/Microsoft.Web/serverfarms/asp-{wanted.policy.estate}-{env.env}"
    return EnvironmentPlan(
        name=env.env,
        group=env.resource_group_id,
        apps=tuple(
            _app(
                env,
                service,
                FarmPlan(farm, plan_size(wanted, env)),
                (*(slots if env.production and not number else ()), *_slots(env, service)),
            )
            for number, service in enumerate(env.services)
        ),
        vaults=tuple(
            VaultPlan(
                vault.id,
                tuple(_secret(env, secret) for secret in vault.secrets),
                tuple(reader.object_id for reader in vault.readers),
                vault.by_policies,
            )
            for vault in env.vaults
        ),
        servers=tuple(ServerPlan(one.id, tuple(map(_database, one.databases))) for one in env.servers),
        accounts=tuple(AccountPlan(id_, tuple(containers)) for id_, containers in accounts.items()),
        components=tuple(one.id for one in env.components),
        principals=tuple(
            PrincipalPlan(
                one.object_id,
                "ServicePrincipal" if one.pipeline else "User",
                tuple((access.role, access.scope) for access in one.access),
            )
            for one in env.principals
            if one.access
        ),
    )


def _slots(env: DesiredEnvironment, service: DesiredService) -> Iterator[str]:
    """The names of the app's slots that the policy documents as resources."""
    for one in env.expected:
        if one.stands_alone and type_of(one.id).casefold() == _SLOT and covers(service.id, one.id):
            yield name(one.id)


def _secret(env: DesiredEnvironment, secret: DesiredSecret) -> SecretPlan:
    exports = [one.exports_to for one in env.services for named in one.settings if named.secret == secret]
    told = next((one.id for one in (*exports, *env.components) if one is not None), "")
    component = told if secret.spec.kind is SecretKind.APPLICATION_INSIGHTS else ""
    mark = secret.stored if secret.spec.shared else ""
    return SecretPlan(secret.stored, secret.spec.kind.value, mark, component)


def _database(database: DesiredDatabase) -> DatabasePlan:
    by = database.migrated_by[0] if database.migrated_by else ""
    table = database.migrations
    tool = database.migration_tool
    history = HistoryPlan(table, by, database.version or "", tool) if table is not None else None
    return DatabasePlan(database.id, database.tenant_column, history)


def _app(env: DesiredEnvironment, service: DesiredService, farm: FarmPlan, slots: tuple[str, ...]) -> AppPlan:
    ids = {database.key: database.id for database in env.databases}
    return AppPlan(
        key=service.key,
        id=service.id,
        farm=farm,
        image=_image(service.image) if service.image is not None else None,
        identity=service.identity.id
        if service.identity is not None
        else SYSTEM
        if service.acts_as == "system"
        else NONE,
        stack=service.stack or "",
        function=service.function,
        reads=tuple(vault.id for vault in service.vaults if vault.by_policies),
        references=tuple(
            ReferencePlan(setting.name, setting.secret.vault, setting.secret.stored) for setting in service.settings
        ),
        exports=_exports(service),
        roles=tuple(_roles(service)),
        databases=tuple(DatabaseUse(ids[grant.database], grant.roles) for grant in service.databases),
        slots=slots,
    )


def _image(image: DesiredImage) -> ImagePlan:
    return ImagePlan(image.registry.id, image.repository, tags(image)[-1], image.digest or "")


def _exports(service: DesiredService) -> tuple[str, str] | None:
    """The component in clear, for a service that exports and does not have it from its vault."""
    component = service.exports_to
    if component is None or component.setting in {setting.name for setting in service.settings}:
        return None
    return component.id, component.setting


def _roles(service: DesiredService) -> Iterator[tuple[str, str]]:
    if service.image is not None:
        yield "AcrPull", service.image.registry.id
    for vault in service.vaults:
        if not vault.by_policies:
            yield "Key Vault Secrets User", vault.id
    for storage in service.storage:
        yield storage.role, storage.container_id
    for access in service.access:
        yield access.role, access.scope
