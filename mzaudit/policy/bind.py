"""Binds a policy to environments and subscriptions: fills in its templates and makes whole ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mzaudit import kinds
from mzaudit.policy import things
from mzaudit.policy.desired import (
    Desired,
    DesiredAccess,
    DesiredComponent,
    DesiredDatabase,
    DesiredEnvironment,
    DesiredIdentity,
    DesiredImage,
    DesiredOverride,
    DesiredPlans,
    DesiredPrincipal,
    DesiredRegistry,
    DesiredResource,
    DesiredSecret,
    DesiredServer,
    DesiredService,
    DesiredSetting,
    DesiredStorage,
    DesiredVault,
    MigrationTool,
    Where,
)
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.resources.bind_resources import bound_resources
from mzaudit.policy.spec_values import (
    CONTAINER,
    HISTORIES,
    acts_as,
    component_of,
    database_spec,
    filled,
    group_of,
    in_environment,
    is_in,
    own_vaults,
    readable_vaults,
    registry_of,
    stored_name,
    subscription_of,
)

if TYPE_CHECKING:
    from mzaudit.policy.models import (
        AccessSpec,
        DatabaseSpec,
        Policy,
        PrincipalSpec,
        RuleOverride,
        ServiceSpec,
        Thing,
    )

_USER = "user:"


@dataclass(frozen=True, slots=True)
class Expected:
    """What this run alone expects: commits to run, by service key (IMG-006), and migrations, by database key
    (SQL-008)."""

    commits: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def bind(
    policy: Policy,
    where: Where,
    asked: tuple[str, ...],
    subscriptions: Mapping[str, str],
    expected: Expected | None = None,
) -> Desired:
    """Fill in every template. `subscriptions` holds one for each environment; `where(*path)` tells `file:line`."""
    bound = {
        env: _Binder(policy, where, env, subscriptions[env], expected or Expected()).environment()
        for env in policy.environments
    }
    shared = _shared(bound.values())
    environments = {env: _sharing(one, shared) for env, one in bound.items()} if shared else bound
    return Desired(
        policy=policy,
        environments=environments,
        asked=asked,
        overrides={code: tuple(_overrides(policy, where, code, environments)) for code in policy.rules},
        where=where,
    )


def _used(env: DesiredEnvironment) -> set[str]:
    """The ids of what services of an environment may use, or hold roles on."""
    ids = [*(one.id for one in env.vaults), *(one.container_id for one in env.storage)]
    ids += [access.scope for service in env.services for access in service.access]
    return {each.casefold() for each in (*ids, *(one.id for one in env.databases))}


def _shared(environments: Iterable[DesiredEnvironment]) -> set[str]:
    """What services use that more than one environment has."""
    counted = Counter(each for env in environments for each in _used(env))
    return {each for each, times in counted.items() if times > 1}


def _sharing(env: DesiredEnvironment, shared: set[str]) -> DesiredEnvironment:
    """The environment, with its services told that use something of the shared."""
    services = tuple(replace(one, shares=not shared.isdisjoint(used)) for one, used in env.used())
    return replace(env, services=services)


def _overrides(
    policy: Policy, where: Where, code: str, environments: Mapping[str, DesiredEnvironment]
) -> Iterator[DesiredOverride]:
    stated = policy.rules[code]
    if isinstance(stated, tuple):
        for index, one in enumerate(stated):
            yield _override(policy, one, code, where("rules", code, index), environments)
    else:
        yield _override(policy, stated, code, where("rules", code), environments)


def _override(
    policy: Policy, stated: RuleOverride, code: str, where: str, environments: Mapping[str, DesiredEnvironment]
) -> DesiredOverride:
    names = [things.full_name(policy, name) for name in stated.things]
    held = {env: things.ids(environments[env]) for env in stated.environments or environments}
    return DesiredOverride(
        rule=code,
        severity=stated.severity,
        reason=stated.off or stated.reason or "",
        things={env: tuple(ids[name] for name in names if name in ids) if names else None for env, ids in held.items()},
        services=frozenset(
            name.removeprefix(f"{things.SERVICES}.") for name in names if name.startswith(f"{things.SERVICES}.")
        ),
        where=where,
    )


class _Binder:
    """Binds the things of one environment."""

    def __init__(self, policy: Policy, where: Where, env: str, subscription: str, expected: Expected) -> None:
        self._policy = policy
        self._where = where
        self._env = env
        self._subscription = subscription
        self._expected = expected
        spec = policy.environments[env]
        self._production = spec.production
        self._forbidden = spec.production or spec.sql_auth == "managed-identity"
        self._specs = {key: policy.services[key] for key in self._held(policy.services)}
        self._identities = {key: self._identity(key) for key in self._held(policy.identities)}
        self._registries = {key: self._registry(key) for key in self._held(policy.registries)}
        self._components = {key: self._component(key) for key in self._held(policy.components)}
        self._vaults = {key: self._vault(key) for key in self._held(policy.vaults)}
        self._containers = {key: self._container(key) for key in self._held(policy.storage)}
        self._servers = tuple(self._server(key) for key in self._held(policy.servers))
        self._databases = {database.key for server in self._servers for database in server.databases}
        self._plans = self._bound_plans()

    def environment(self) -> DesiredEnvironment:
        bound = DesiredEnvironment(
            env=self._env,
            production=self._production,
            passwords_forbidden=self._forbidden,
            subscription=self._subscription,
            resource_group_id="",
            resource_groups=(),
            identities=tuple(self._identities.values()),
            registries=tuple(self._registries.values()),
            vaults=tuple(self._vaults.values()),
            services=tuple(self._service(key, spec) for key, spec in self._specs.items()),
            storage=tuple(self._containers.values()),
            servers=self._servers,
            components=tuple(self._components.values()),
            plans=self._plans,
            resources=tuple(self._resources()),
            distinct_between_environments=self._policy.secrets.distinct_between_environments,
            where=self._where("environments", self._env),
        )
        bound = replace(bound, expected=bound_resources(self._policy, self._where, bound, self._group, self._named))
        return self._with_groups(self._with_access(bound))  # access on resources, too

    def _held(self, section: Mapping[str, Thing]) -> Iterator[str]:
        """The keys of the things of a section that the environment has."""
        return (key for key, one in section.items() if is_in(one.environments, self._env))

    def _service(self, key: str, spec: ServiceSpec) -> DesiredService:
        component = component_of(self._policy, spec)
        group = self._group(spec, key)
        app = self._named(spec.app)
        return DesiredService(
            env=self._env,
            key=key,
            title=spec.title or key,
            production=self._production,
            passwords_forbidden=self._forbidden,
            app=app,
            id=kinds.SITE.id(group, app),
            resource_group=group.rsplit("/", 1)[-1],
            acts_as=acts_as(spec),
            identity=self._identities.get(spec.identity.removeprefix(_USER)),
            access=(),
            function=spec.kind == "function",
            stack=None if spec.runs == CONTAINER else spec.runs,
            image=self._image(spec),
            vault=next((self._vaults[one] for one in own_vaults(spec) if one in self._vaults), None),
            vaults=tuple(self._vaults[one] for one in readable_vaults(spec) if one in self._vaults),
            settings=tuple(self._settings(key, spec)),
            storage=tuple(self._containers[one] for one in spec.storage if one in self._containers),
            databases=tuple(grant for grant in spec.databases if grant.database in self._databases),
            sidecars={name: sidecar.image for name, sidecar in spec.sidecars.items()},
            exports_to=self._components.get(component) if component is not None else None,
            plans=self._plans,
            plaintext=spec.plaintext,
            expected_commit=self._expected.commits.get(key),
            where=self._where("services", key),
        )

    def _image(self, spec: ServiceSpec) -> DesiredImage | None:
        registry = registry_of(self._policy, spec)
        if spec.image is None or registry not in self._registries:
            return None
        digest = in_environment(spec.image.digest, self._env)
        return DesiredImage(self._registries[registry], spec.image.repository, spec.image.tags, digest)

    def _with_groups(self, bound: DesiredEnvironment) -> DesiredEnvironment:
        """The environment with the resource groups that hold something of it."""
        ids = (*(one.id for one in bound.services), *bound.ids)
        groups = {each.casefold(): each for each in ("/".join(one.split("/")[:5]) for one in ids)}
        template = self._default()
        default = None if template is None or "{service}" in template else self._place("default")
        first = default or next(iter(groups.values()), f"/subscriptions/{self._subscription}")
        return replace(bound, resource_group_id=first, resource_groups=tuple(groups.values()))

    def _with_access(self, bound: DesiredEnvironment) -> DesiredEnvironment:
        """The environment with the roles that services, people and pipelines hold on its things."""
        held = things.ids(bound)

        def access(stated: Iterable[AccessSpec], *steps: str | int) -> Iterator[DesiredAccess]:
            for index, one in enumerate(stated):
                name = things.full_name(self._policy, one.on)
                if name in held:
                    yield DesiredAccess(one.role, one.on, held[name], self._where(*steps, "access", index))

        services = tuple(
            replace(one, access=tuple(access(self._specs[one.key].access, "services", one.key)))
            for one in bound.services
        )
        readers: dict[str, list[DesiredPrincipal]] = {}
        principals = []
        for section in ("people", "pipelines"):
            for index, spec in enumerate(getattr(self._policy, section)):
                for known in self._principals((spec,)):
                    held_here = tuple(access(spec.access, section, index))
                    for one in held_here:
                        readers.setdefault(one.scope, []).append(known)
                    principals.append(replace(known, pipeline=section == "pipelines", access=held_here))
        vaults = tuple(replace(one, readers=(*one.readers, *readers.get(one.id, ()))) for one in bound.vaults)
        return replace(bound, services=services, vaults=vaults, principals=tuple(principals))

    def _principals(self, stated: Iterable[PrincipalSpec]) -> Iterator[DesiredPrincipal]:
        """Those that are in this environment, without roles."""
        for one in stated:
            found = one.object_id.get(self._env) if isinstance(one.object_id, dict) else one.object_id
            if found is not None:
                yield DesiredPrincipal(found, one.name)

    def _identity(self, key: str) -> DesiredIdentity:
        identity = self._policy.identities[key]
        name = self._named(identity.name)
        id_ = kinds.USER_IDENTITY.id(self._group(identity), name)
        return DesiredIdentity(self._env, key, name, id_, self._where("identities", key))

    def _named(self, name: str | Mapping[str, str]) -> str:
        return filled(name, self._env)

    def _default(self) -> str | None:
        """The group of the default place as it is written; None where this environment has none."""
        place = self._policy.places.get("default")
        group = None if place is None else group_of(place)
        return group.get(self._env) if isinstance(group, dict) else group

    def _place(self, key: str, service: str = "") -> str:
        """The id of a place's resource group."""
        place = self._policy.places[key]
        subscription = subscription_of(place, self._env) or self._subscription
        return f"/subscriptions/{subscription}/resourceGroups/{filled(group_of(place), self._env, service)}"

    def _group(self, thing: Thing, service: str = "") -> str:
        return self._place(in_environment(thing.place, self._env), service)

    def _resources(self) -> Iterator[DesiredResource]:
        for one in documented_names(self._policy):
            if is_in(one.thing.environments, self._env):
                name, group = self._named(one.name), self._group(one.thing, one.key if one.kind is kinds.SITE else "")
                where = self._where(one.section, one.key)
                yield DesiredResource(one.kind, one.section, one.key, name, one.kind.id(group, name), where)

    def _registry(self, key: str) -> DesiredRegistry:
        registry = self._policy.registries[key]
        name, group = self._named(registry.name), self._group(registry)
        _, _, subscription, _, called = group.split("/")
        away = (
            "" if subscription.casefold() == self._subscription.casefold() else f" of the subscription {subscription}"
        )
        return DesiredRegistry(
            self._env,
            key,
            name,
            registry.documented_name or name,
            kinds.REGISTRY.id(group, name),
            called + away,
            self._where("registries", key),
        )

    def _component(self, key: str) -> DesiredComponent:
        component = self._policy.components[key]
        name = self._named(component.name)
        return DesiredComponent(
            self._env,
            key,
            name,
            kinds.COMPONENT.id(self._group(component), name),
            component.connection_string,
            self._where("components", key),
        )

    def _vault(self, key: str) -> DesiredVault:
        vault, policy = self._policy.vaults[key], self._policy
        name, group = self._named(vault.name), self._group(vault)
        vault_id = kinds.VAULT.id(group, name)
        secrets = tuple(
            DesiredSecret(
                self._env,
                name,
                vault_id,
                secret,
                stored_name(policy.naming.secrets, secret),
                spec,
                in_environment(policy.secrets.expiring_days, self._env),
                self._where("vaults", key, "secrets", secret),
            )
            for secret, spec in vault.secrets.items()
        )
        owners = tuple(owner for owner, service in self._specs.items() if key in readable_vaults(service))
        where = self._where("vaults", key)
        group = group.rsplit("/", 1)[-1]
        by_policies = vault.authorization == "access-policies"
        readers = tuple(self._principals(vault.readers))
        return DesiredVault(self._env, key, name, vault_id, group, by_policies, secrets, owners, readers, where)

    def _container(self, key: str) -> DesiredStorage:
        storage = self._policy.storage[key]
        account, container = self._named(storage.account), self._named(storage.container)
        account_id = kinds.ACCOUNT.id(self._group(storage), account)
        return DesiredStorage(
            self._env,
            key,
            account,
            account_id,
            container,
            f"{account_id}/blobServices/default/containers/{container}",
            storage.role,
            tuple(user for user, service in self._specs.items() if key in service.storage),
            storage.without_roles,
            self._where("storage", key),
        )

    def _server(self, key: str) -> DesiredServer:
        server = self._policy.servers[key]
        name = self._named(server.name)
        server_id = kinds.SERVER.id(self._group(server), name)
        databases = tuple(
            self._database(key, name, server_id, held, spec)
            for held, spec in ((held, database_spec(written)) for held, written in server.databases.items())
            if is_in(spec.environments, self._env)
        )
        return DesiredServer(self._env, key, name, server_id, databases, self._forbidden, self._where("servers", key))

    def _database(self, server_key: str, server: str, server_id: str, key: str, spec: DatabaseSpec) -> DesiredDatabase:
        name, migrations = self._named(spec.name), spec.migrations
        migrations = None if migrations is not None and migrations.tool == "none" else migrations
        tool: MigrationTool = "flyway"
        if migrations is not None and migrations.tool != "none":
            tool = migrations.tool
        stated = migrations.version if migrations is not None else None
        version = stated.get(self._env) if isinstance(stated, dict) else stated
        grants = tuple(
            (user, grant.roles)
            for user, service in self._specs.items()
            for grant in service.databases
            if grant.database == key
        )
        return DesiredDatabase(
            env=self._env,
            key=key,
            name=name,
            id=f"{server_id}/databases/{name}",
            server=server,
            server_id=server_id,
            grants=grants,
            passwords_forbidden=self._forbidden,
            tenant_column=spec.tenant_column,
            excused=tuple(entry.table.casefold() for entry in spec.excused),
            administrators=tuple(entry.name.casefold() for entry in spec.administrators),
            migrations=(migrations.table or HISTORIES[tool]) if migrations is not None else None,
            migration_tool=tool,
            migrated_by=tuple(each.casefold() for each in migrations.by) if migrations is not None else (),
            version=self._expected.versions.get(key, version),
            where=self._where("servers", server_key, "databases", key),
        )

    def _bound_plans(self) -> DesiredPlans:
        plans = self._policy.plans
        return DesiredPlans(
            {family: in_environment(least, self._env) for family, least in plans.minimum.items()},
            plans.refused,
            in_environment(plans.recommended, self._env),
            plans.sizes,
            self._where("plans"),
        )

    def _settings(self, key: str, spec: ServiceSpec) -> Iterator[DesiredSetting]:
        """The settings of a service that refer to a secret: of its own vaults in their order, then of others."""
        own = own_vaults(spec)
        named: dict[str, list[str]] = {}
        for name, path in spec.settings.items():
            named.setdefault(path, []).append(name)
        for vault in readable_vaults(spec):
            for secret in self._vaults[vault].secrets if vault in self._vaults else ():
                names = named.get(f"{vault}/{secret.name}", [])
                for name in names:
                    yield DesiredSetting(name, secret, self._where("services", key, "settings", name))
                if not names and vault in own and secret.spec.setting:
                    yield DesiredSetting(secret.name, secret, secret.where)
