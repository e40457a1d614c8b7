"""The snapshot of an estate that is as the shipped policy says, and the verbs with which a case bends it.

`compliant()` is built from the policy alone. A case changes one thing (`replace`, `edit_site`, ...) and asks one rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from mzaudit.engine.evaluate import evaluate, verdict_of
from mzaudit.engine.results import Finding
from mzaudit.engine.rule import AnyRule
from mzaudit.engine.verdict import Fail, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired, DesiredDatabase, DesiredService, DesiredVault
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.snapshot.alerts import ActionGroup, Alert
from mzaudit.snapshot.authorization import (
    Authorization,
    Denied,
    DenyAssignment,
    Permission,
    RoleAssignment,
    RoleDefinition,
)
from mzaudit.snapshot.databases import (
    DatabaseContents,
    DatabaseGrant,
    DatabasePrincipal,
    Membership,
    Migration,
    Predicate,
    SecurityPolicy,
    TenantTable,
)
from mzaudit.snapshot.estate import Caller, Snapshot
from mzaudit.snapshot.insights import Component, ComponentProperties, Dashboard
from mzaudit.snapshot.keyvault import SecretItem, Vault, VaultProperties
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.registry import Registry, RegistryProperties, Tag
from mzaudit.snapshot.sql import Database, EntraAdministrator, SqlServer
from mzaudit.snapshot.storage import AccountProperties, BlobContainer, StorageAccount
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.text.shown import Shown
from mzaudit.snapshot.values import ConnectionStringPart, LiteralValue, SecretValue, ValueClass, VaultReference
from mzaudit.snapshot.web import (
    Identity,
    ManagedIdentity,
    Plan,
    Runtime,
    Site,
    SiteConfig,
    SiteProperties,
)
from tests.written import container_of, reference_to, setting_of, status_of

SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
TENANT = "99999999-1111-2222-3333-444444444444"
TAKEN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SHA = "0123456789abcdef0123456789abcdef01234567"
POLICIES = Path(__file__).parent.parent / "policies"

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"

ROLES = (
    RoleDefinition(
        SECRETS_USER,
        "Key Vault Secrets User",
        False,
        (
            Permission(
                data_actions=(
                    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
                    "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
                )
            ),
        ),
    ),
    RoleDefinition(
        BLOB_READER,
        "Storage Blob Data Reader",
        False,
        (
            Permission(
                actions=(
                    "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                    "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
                ),
                data_actions=("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",),
            ),
        ),
    ),
    RoleDefinition(
        ACR_PULL, "AcrPull", False, (Permission(actions=("Microsoft.ContainerRegistry/registries/pull/read",)),)
    ),
    RoleDefinition(READER, "Reader", False, (Permission(actions=("*/read",)),)),
)
AUDITOR = Caller("aaaaaaaa-0000-0000-0000-00000000000a", "aaaaaaaa-0000-0000-0000-00000000000b", TENANT, "test")


@cache
def wanted(*asked: str) -> Desired:
    """The shipped policy, bound; `prd` unless other environments are asked for."""
    loaded = load(POLICIES, vocabulary())
    return bind(loaded.policy, loaded.where, asked or ("prd",), dict.fromkeys(loaded.policy.environments, SUBSCRIPTION))


def service(name: str, env: str = "prd") -> DesiredService:
    """A wanted service by key."""
    return next(s for s in wanted().environments[env].services if s.key == name)


def vault(name: str, env: str = "prd") -> DesiredVault:
    """A wanted vault by key."""
    return next(v for v in wanted().environments[env].vaults if v.key == name)


def database(name: str, env: str = "prd") -> DesiredDatabase:
    """A wanted database by key."""
    return next(d for d in wanted().environments[env].servers[0].databases if d.key == name)


def principal(service: DesiredService) -> str:
    """The object id of a service's system-assigned identity in `compliant()`."""
    return _guid("oid", service.env, service.key)


def client(service: DesiredService) -> str:
    """The client id of that identity."""
    return _guid("app", service.env, service.key)


def gap(call: str = "GET hidden", reason: GapReason = GapReason.FORBIDDEN) -> Gap:
    """A call that was refused."""
    return Gap(reason, call, permission="Microsoft.Example/hidden/read")


def _guid(*words: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(words)))


def value(label: int, *kinds: str, **changes: Any) -> SecretValue:
    """The class of a harmless secret's value with that equality label."""
    plain = SecretValue(False, False, False, False, kinds, (), same=label, same_trimmed=label)
    return replace(plain, **changes)


def as_secret(plain: ValueClass, label: int) -> SecretValue:
    """A secret's value of that class with that equality label."""
    told = {each.name: getattr(plain, each.name) for each in fields(plain)}
    return SecretValue(**told, same=label, same_trimmed=label)


@cache
def compliant() -> Snapshot:
    """Everything as documented, in every environment of the policy."""
    bound = wanted()
    labels: dict[tuple[str, ...], int] = {}

    def label(*words: str) -> int:
        return labels.setdefault(words, 1000 + len(labels))

    sites: dict[str, Site] = {}
    plans: dict[str, Observed[Plan | None] | Gap] = {}
    vaults: dict[str, Vault] = {}
    servers: dict[str, SqlServer] = {}
    databases: dict[str, DatabaseContents] = {}
    accounts: dict[str, StorageAccount] = {}
    components: dict[str, Component] = {}
    assignments: list[RoleAssignment] = []

    def grant(who: str, role: str, scope: str) -> None:
        number = _guid("assignment", who, role, scope)
        assignment_id = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{number}"
        assignments.append(RoleAssignment(assignment_id, scope, role, who, "ServicePrincipal"))

    for env in bound.environments.values():
        plan_id = f"{env.resource_group_id}/providers/Microsoft.Web/serverfarms/asp-monozu-{env.env}"
        plans[key(plan_id)] = Observed(Plan(plan_id, f"asp-monozu-{env.env}", "P2v3" if env.production else "B2", 1))
        telemetry = ValueClass(
            False,
            False,
            False,
            False,
            ("application-insights",),
            (),
            (
                ConnectionStringPart("ingestionendpoint", label(env.env, "endpoint")),
                ConnectionStringPart("instrumentationkey", label(env.env, "ikey")),
            ),
        )
        for vault in env.vaults:
            values: dict[str, Observed[SecretValue | None] | Gap] = {}
            for secret in vault.secrets:
                owner = "shared" if secret.spec.shared else vault.key
                number = label(env.env, owner, secret.name)
                kind = {"url": ("https-url", "url"), "guid": ("guid",)}.get(secret.spec.kind.value, ())
                drawn = secret.spec.kind.value == "application-insights"
                plain = as_secret(telemetry, number) if drawn else value(number, *kind)
                values[secret.stored.casefold()] = Observed(plain)
            vaults[key(vault.id)] = Vault(
                vault.id,
                Observed(
                    VaultProperties(
                        vault.id, vault.name, f"https://{vault.name}.vault.azure.net/", True, (), "Enabled", None
                    )
                ),
                Listing(
                    tuple(
                        SecretItem(
                            s.stored,
                            True,
                            None,
                            None,
                            TAKEN,
                            _guid(vault.name, s.stored).replace("-", ""),
                            Observed(False),
                        )
                        for s in vault.secrets
                    )
                ),
                {},
                Observed(False),
                Listing(),
                values,
            )
        for service in env.services:
            settings = [setting_of("OTEL_SERVICE_NAME", literal())]
            references = []
            if service.vault is None:
                settings.append(setting_of(env.components[0].setting, LiteralValue(telemetry)))
            for secret in service.vault.secrets if service.vault is not None else ():
                settings.append(setting_of(secret.name, reference_to(secret.vault, secret.stored, None)))
                current = _guid(secret.vault, secret.stored).replace("-", "")
                references.append(status_of(secret.name, "Resolved", secret.vault, secret.stored, None, current))
            image = f"{env.registries[0].name}.azurecr.io/{service.repository}:{SHA}"
            who = principal(service)
            sites[key(service.id)] = Site(
                id=service.id,
                properties=Observed(
                    SiteProperties(
                        service.id,
                        service.app,
                        "West Europe",
                        ("app", "linux", "container"),
                        True,
                        True,
                        "Running",
                        plan_id,
                        Identity(("systemassigned",), who, TENANT),
                        Shown("SystemAssigned"),
                    )
                ),
                config=Observed(
                    SiteConfig(
                        Runtime("docker", containers=(container_of("main", image, True),)),
                        None,
                        True,
                        None,
                        Shown("SystemAssigned"),
                    )
                ),
                settings=Observed(tuple(settings)),
                connection_strings=Observed(()),
                mounts=Observed(()),
                references=Listing(tuple(references)),
                containers=Listing(),
                identity=Observed(ManagedIdentity(who, client(service), TENANT)),
                slots=Listing(),
            )
            grant(who, ACR_PULL, env.registries[0].id)
            if service.vault is not None:
                grant(who, SECRETS_USER, service.vault.id)
            for storage in service.storage:
                grant(who, BLOB_READER, storage.container_id)
        servers[key(env.servers[0].id)] = SqlServer(
            env.servers[0].id,
            Observed(True),
            Listing(
                tuple(
                    Database(f"{env.servers[0].id}/databases/{d.name}", d.name, "Online", False)
                    for d in env.servers[0].databases
                )
            ),
            {},
            Observed(True),
            Observed(f"{env.servers[0].name}.database.windows.net"),
            Observed(EntraAdministrator("sql-admins", "Group", _guid("sql-admins"))),
            Listing(),
        )
        for each in env.servers[0].databases:
            databases[key(each.id)] = contents(each)
        for storage in env.storage:
            accounts[key(storage.account_id)] = StorageAccount(
                storage.account_id,
                Observed(AccountProperties(storage.account_id, storage.account, False, False)),
                {storage.container.casefold(): Observed(BlobContainer(storage.container_id, storage.container, None))},
            )
        group = f"{env.resource_group_id}/providers/Microsoft.Insights"
        called = f"{group}/actionGroups/on-call"
        components[key(env.components[0].id)] = Component(
            env.components[0].id,
            Observed(ComponentProperties(env.components[0].id, env.components[0].name, telemetry, False)),
            Listing((Alert(f"{group}/metricAlerts/failures", "failures", True, (env.components[0].id,), (called,)),)),
            Listing((Dashboard(f"{group}/workbooks/overview", "overview", (env.components[0].id,)),)),
            Listing(),
            {key(called): Observed(ActionGroup(called, "on-call", True, 1))},
        )
    registry = bound.environments["prd"].registries[0]
    tags: dict[str, Observed[Listing[Tag] | None] | Gap] = {
        service.repository: Observed(Listing((Tag(SHA, f"sha256:{'ab' * 32}", TAKEN),)))
        for service in bound.environments["prd"].services
    }
    listing = Listing(tuple(assignments))
    services = bound.services
    return Snapshot(
        taken=TAKEN,
        source="azure",
        tool_version="test",
        cloud="public",
        environments=dict.fromkeys(bound.environments, SUBSCRIPTION),
        caller=AUDITOR,
        api_versions={},
        reads=(),
        sites=sites,
        plans=plans,
        vaults=vaults,
        registries={
            key(registry.id): Registry(
                registry.id,
                Observed(
                    RegistryProperties(
                        registry.id, registry.name, f"{registry.name}.azurecr.io", False, None, "enabled"
                    )
                ),
                tags,
            )
        },
        servers=servers,
        databases=databases,
        accounts=accounts,
        components=components,
        authorization={
            SUBSCRIPTION: Authorization(
                SUBSCRIPTION,
                listing,
                {
                    principal(s): Listing(tuple(a for a in assignments if a.principal_id == principal(s)))
                    for s in services
                },
                Listing(ROLES),
                Listing(),
                Listing(),
            )
        },
        permissions={},
    )


PIPELINE, TABLES = "sp-monozu-pipeline", ("dbo.device", "dbo.reading")


def entra_user(name: str, client_id: str, *, type: str = "E") -> DatabasePrincipal:  # noqa: A002 - SQL Server's word
    """A user that was created from the external provider, for that client id."""
    return DatabasePrincipal(name, type, "EXTERNAL", UUID(client_id).bytes_le.hex())


def contents(which: DesiredDatabase) -> DatabaseContents:
    """The inside of a documented database: its services' users, the pipeline's, the auditor's."""
    users = [service(key, which.env) for key, _ in which.grants]
    roles = [(service(key, which.env).app, role) for key, roles in which.grants for role in roles]
    roles += [(PIPELINE, role) for role in ("db_ddladmin", "db_datareader", "db_datawriter")]
    named = [entra_user(user.app, client(user)) for user in users]
    named += [entra_user(PIPELINE, _guid("pipeline")), entra_user("mzaudit", AUDITOR.application_id)]
    predicates = tuple(Predicate(table, kind, None) for table in TABLES for kind in ("FILTER", "BLOCK"))
    history = tuple(Migration(n, str(n), Shown(f"step {n}"), "SQL", PIPELINE, True) for n in range(1, 6))
    return DatabaseContents(
        which.id,
        Listing((DatabasePrincipal("dbo", "S", "INSTANCE", "0105"), *named)),
        Listing(tuple(Membership(role, member) for member, role in roles)),
        Listing(tuple(DatabaseGrant(user.name, "CONNECT", "GRANT", "DATABASE", "") for user in named)),
        Listing((SecurityPolicy("sec.tenants", True, predicates),)),
        {which.tenant_column or "": Listing(tenant_tables(*TABLES))},
        {which.migrations or "": Observed(history)},
    )


def entra_id(which: DesiredDatabase, name: str) -> str:
    """The client id that a documented user of a database carries."""
    found = next(one.entra_id for one in contents(which).principals.items if one.name == name)
    assert found is not None
    return found


def tenant_tables(*names: str) -> tuple[TenantTable, ...]:
    """Ordinary tables with the tenant column."""
    return tuple(TenantTable(name) for name in names)


Bend = Callable[[Snapshot], Snapshot]


def _at(mapping: Mapping[str, Any], resource_id: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    return {**mapping, key(resource_id): change(mapping[key(resource_id)])}


def site(which: DesiredService, **facets: Any) -> Bend:
    """Replace facets of a service's site."""
    return lambda seen: replace(seen, sites=_at(seen.sites, which.id, lambda s: replace(s, **facets)))


def site_properties(which: DesiredService, **fields: Any) -> Bend:
    """Change fields of GET site."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.sites[key(which.id)].properties
        assert isinstance(before, Observed)
        assert before.value is not None
        return site(which, properties=Observed(replace(before.value, **fields)))(seen)

    return mutate


def site_config(which: DesiredService, **fields: Any) -> Bend:
    """Change fields of GET config/web."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.sites[key(which.id)].config
        assert isinstance(before, Observed)
        assert before.value is not None
        return site(which, config=Observed(replace(before.value, **fields)))(seen)

    return mutate


def image(which: DesiredService, reference: str) -> Bend:
    """Run another image."""
    return site_config(which, runtime=Runtime("docker", containers=(container_of("main", reference, True),)))


def setting(which: DesiredService, name: str, new: Any | None) -> Bend:
    """Set (or with None take away) an app setting; what App Service says that it read for it follows."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.sites[key(which.id)].settings
        assert isinstance(before, Observed)
        kept = tuple(s for s in before.value or () if s.name != name)
        read = new if isinstance(new, VaultReference) and not new.problem else reference_to(None, None, None)
        listing = seen.sites[key(which.id)].references
        items = tuple(
            replace(r, vault=read.vault, secret=read.secret, version=read.version) if r.setting == name else r
            for r in listing.items
        )
        settings = Observed(kept if new is None else (*kept, setting_of(name, new)))
        return site(which, settings=settings, references=replace(listing, items=items))(seen)

    return mutate


def literal(*kinds: str, **changes: Any) -> LiteralValue:
    """A literal setting value of that class."""
    return LiteralValue(replace(ValueClass(False, False, False, False, kinds, ()), **changes))


def status(which: DesiredService, name: str, reported: str, **changes: Any) -> Bend:
    """Let App Service report another status of one reference."""

    def mutate(seen: Snapshot) -> Snapshot:
        listing = seen.sites[key(which.id)].references
        items = tuple(replace(r, status=Shown(reported), **changes) if r.setting == name else r for r in listing.items)
        return site(which, references=replace(listing, items=items))(seen)

    return mutate


def vault_facets(which: DesiredVault, **facets: Any) -> Bend:
    """Replace facets of a vault."""
    return lambda seen: replace(seen, vaults=_at(seen.vaults, which.id, lambda v: replace(v, **facets)))


def vault_properties(which: DesiredVault, **fields: Any) -> Bend:
    """Change fields of GET vault."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.vaults[key(which.id)].properties
        assert isinstance(before, Observed)
        assert before.value is not None
        return vault_facets(which, properties=Observed(replace(before.value, **fields)))(seen)

    return mutate


def secret_item(which: DesiredVault, stored: str, **fields: Any) -> Bend:
    """Change attributes of a listed secret."""

    def mutate(seen: Snapshot) -> Snapshot:
        listing = seen.vaults[key(which.id)].secrets
        items = tuple(replace(s, **fields) if s.name == stored else s for s in listing.items)
        return vault_facets(which, secrets=replace(listing, items=items))(seen)

    return mutate


def secret_gone(which: DesiredVault, stored: str) -> Bend:
    """Take a secret out of the list; its direct read answers 404."""

    def mutate(seen: Snapshot) -> Snapshot:
        listing = seen.vaults[key(which.id)].secrets
        items = tuple(s for s in listing.items if s.name != stored)
        absent = {stored.casefold(): Observed(None)}
        return vault_facets(which, secrets=replace(listing, items=items), lookups=absent)(seen)

    return mutate


def secret_value(which: DesiredVault, stored: str, new: SecretValue | Gap | None) -> Bend:
    """Give a secret another value class, or a gap."""

    def mutate(seen: Snapshot) -> Snapshot:
        facet = new if isinstance(new, Gap) else Observed(new)
        return vault_facets(which, values={**seen.vaults[key(which.id)].values, stored.casefold(): facet})(seen)

    return mutate


def secret_disabled(which: DesiredVault, stored: str) -> Bend:
    """Disable a secret: its attributes say so, and so does the answer to whoever asks for its value."""

    def mutate(seen: Snapshot) -> Snapshot:
        unread = secret_value(which, stored, gap("GET secret", GapReason.DISABLED))(seen)
        return secret_item(which, stored, enabled=False)(unread)

    return mutate


def granted(who: str, role: str, scope: str, **fields: Any) -> Bend:
    """Add a role assignment; also among what is assigned to that principal."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.authorization[SUBSCRIPTION]
        new = RoleAssignment(
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/{_guid(who, role, scope)}",
            scope,
            role,
            who,
            "ServicePrincipal",
        )
        new = replace(new, **fields)
        reach = before.assigned_to.get(who, Listing())
        after = replace(
            before,
            assignments=replace(before.assignments, items=(*before.assignments.items, new)),
            assigned_to={**before.assigned_to, who: replace(reach, items=(*reach.items, new))},
        )
        return replace(seen, authorization={SUBSCRIPTION: after})

    return mutate


def revoked(who: str, role: str) -> Bend:
    """Take away a principal's assignments of that role."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.authorization[SUBSCRIPTION]

        def without(listing: Listing[RoleAssignment]) -> Listing[RoleAssignment]:
            return replace(listing, items=tuple(a for a in listing.items if (a.principal_id, a.role) != (who, role)))

        after = replace(
            before,
            assignments=without(before.assignments),
            assigned_to={oid: without(listing) for oid, listing in before.assigned_to.items()},
        )
        return replace(seen, authorization={SUBSCRIPTION: after})

    return mutate


def bent(*bends: Bend) -> Snapshot:
    """The compliant estate with those changes."""
    seen = compliant()
    for mutate in bends:
        seen = mutate(seen)
    return seen


def ask(rule: AnyRule, name: str, *bends: Bend, env: str = "prd") -> Verdict:
    """One rule's own verdict about the subject of that name, on the estate bent so."""
    bound = wanted(env)
    subject = next(s for s in rule.over(bound, bound.environments[env]) if s.name == name)
    return verdict_of(rule, subject, bent(*bends))


def findings(rules: tuple[AnyRule, ...], *bends: Bend, asked: tuple[str, ...] = ("prd",)) -> tuple[Finding, ...]:
    """All findings of those rules on the estate bent so."""
    return evaluate(wanted(*asked), bent(*bends), rules)


def authorization(**facets: Any) -> Bend:
    """Replace facets of the subscription's RBAC (`denies`, `roles`, `expiring`, ...)."""
    return lambda seen: replace(seen, authorization={SUBSCRIPTION: replace(seen.authorization[SUBSCRIPTION], **facets)})


def role(guid: str, name: str, *blocks: Permission, custom: bool = False) -> Bend:
    """Define another role."""
    definition = RoleDefinition(guid, name, custom, blocks)
    return lambda seen: authorization(
        roles=Listing((*seen.authorization[SUBSCRIPTION].roles.items, definition)),
    )(seen)


def granted_by_group(who: str, group: str, role: str, scope: str, **fields: Any) -> Bend:
    """Assign a role to a group that `who` is in: `assignedTo` shows it, under the group's id."""

    def mutate(seen: Snapshot) -> Snapshot:
        after = granted(group, role, scope, principal_type="Group", **fields)(seen).authorization[SUBSCRIPTION]
        reach = after.assigned_to.get(who, Listing())
        shown = replace(reach, items=(*reach.items, after.assigned_to[group].items[-1]))
        kept = {oid: listing for oid, listing in after.assigned_to.items() if oid != group}
        return replace(seen, authorization={SUBSCRIPTION: replace(after, assigned_to={**kept, who: shown})})

    return mutate


def denied(scope: str, *blocks: Permission, to: tuple[Denied, ...], but: tuple[Denied, ...] = ()) -> Bend:
    """Add a deny assignment that holds below its scope too."""
    deny = DenyAssignment(f"{scope}/denyAssignments/lock", "lock", scope, blocks, to, but, False)
    return lambda seen: authorization(
        denies=Listing((*seen.authorization[SUBSCRIPTION].denies.items, deny)),
    )(seen)


def assigned_to(who: str, listing: Listing[RoleAssignment] | None) -> Bend:
    """Replace what Azure says is assigned to a principal, or with None forget that it was asked."""

    def mutate(seen: Snapshot) -> Snapshot:
        kept = {oid: reach for oid, reach in seen.authorization[SUBSCRIPTION].assigned_to.items() if oid != who}
        return authorization(assigned_to=kept if listing is None else {**kept, who: listing})(seen)

    return mutate


def slot(which: DesiredService, name: str, who: str) -> Bend:
    """Give a service's app a slot with an identity of its own."""
    return staged(which, name, site_properties(which, identity=Identity(("systemassigned",), who, TENANT)))


def staged(which: DesiredService, name: str, *bends: Bend, **facets: Any) -> Bend:
    """Give a service's app a deployment slot that is like the app, bent by `bends`, with those facets replaced."""

    def mutate(seen: Snapshot) -> Snapshot:
        copy = seen
        for change in bends:
            copy = change(copy)
        new = replace(copy.sites[key(which.id)], id=f"{which.id}/slots/{name}", slots=Listing(), **facets)
        slots = seen.sites[key(which.id)].slots
        return site(which, slots=replace(slots, items=(*slots.items, new)))(seen)

    return mutate


def server(**facets: Any) -> Bend:
    """Replace facets of production's SQL server."""
    which = wanted().environments["prd"].servers[0]
    return lambda seen: replace(seen, servers=_at(seen.servers, which.id, lambda s: replace(s, **facets)))


def account(public_blobs: bool | None, public_access: str | None) -> Bend:
    """Say who may read production's snap container anonymously: by the account, by the container."""
    storage = wanted().environments["prd"].storage[0]
    properties = AccountProperties(storage.account_id, storage.account, False, public_blobs)
    container = BlobContainer(storage.container_id, storage.container, public_access)
    return account_facets(properties=Observed(properties), containers={storage.container: Observed(container)})


def account_facets(**facets: Any) -> Bend:
    """Replace facets of production's storage account."""
    which = wanted().environments["prd"].storage[0]
    return lambda seen: replace(seen, accounts=_at(seen.accounts, which.account_id, lambda a: replace(a, **facets)))


def component(**facets: Any) -> Bend:
    """Replace facets of production's Application Insights component."""
    which = wanted().environments["prd"].components[0]
    return lambda seen: replace(seen, components=_at(seen.components, which.id, lambda c: replace(c, **facets)))


def component_properties(**fields: Any) -> Bend:
    """Change fields of GET component."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.components[key(wanted().environments["prd"].components[0].id)].properties
        assert isinstance(before, Observed)
        assert before.value is not None
        return component(properties=Observed(replace(before.value, **fields)))(seen)

    return mutate


def plan(which: DesiredService, sku: str | None) -> Bend:
    """Give a service's plan another SKU."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.sites[key(which.id)].properties
        assert isinstance(before, Observed)
        assert before.value is not None
        plan_id = before.value.plan_id
        assert plan_id is not None
        new: Observed[Plan | None] = Observed(Plan(plan_id, plan_id.rsplit("/", 1)[-1], sku, 1))
        plans = {**seen.plans, key(plan_id): new}
        return replace(seen, plans=plans)

    return mutate


def registry(which: DesiredService, **facets: Any) -> Bend:
    """Replace facets of the registry that a service's image comes from."""
    return lambda seen: replace(
        seen, registries=_at(seen.registries, which.registry.id, lambda r: replace(r, **facets))
    )


def said(verdict: Verdict) -> str:
    """All that a verdict says in words."""
    match verdict:
        case NotApplicable(because):
            return because
        case Inconclusive(gaps, note):
            return " ".join((note, *(f"{gap.reason} {gap.call} {gap.detail}" for gap in gaps)))
        case Pass(_, note):
            return note
        case Fail():
            return f"{verdict.note} {verdict.severity or ''}"


def registry_properties(**fields: Any) -> Bend:
    """Change fields of GET registry."""

    def mutate(seen: Snapshot) -> Snapshot:
        at = wanted().environments["prd"].registries[0].id
        before = seen.registries[key(at)].properties
        assert isinstance(before, Observed)
        assert before.value is not None
        changed = Observed(replace(before.value, **fields))
        return replace(seen, registries=_at(seen.registries, at, lambda r: replace(r, properties=changed)))

    return mutate


def inside(which: DesiredDatabase, **facets: Any) -> Bend:
    """Replace facets of a database's inside."""
    return lambda seen: replace(seen, databases=_at(seen.databases, which.id, lambda d: replace(d, **facets)))


def more(which: DesiredDatabase, facet: str, *items: Any) -> Bend:
    """Add items to a listing of a database's inside."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = getattr(seen.databases[key(which.id)], facet)
        return inside(which, **{facet: replace(before, items=(*before.items, *items))})(seen)

    return mutate


def signs_in(which: DesiredDatabase, *users: DatabasePrincipal) -> Bend:
    """Add users that may connect to a database."""
    connects = tuple(DatabaseGrant(user.name, "CONNECT", "GRANT", "DATABASE", "") for user in users)

    def mutate(seen: Snapshot) -> Snapshot:
        return more(which, "grants", *connects)(more(which, "principals", *users)(seen))

    return mutate


def less(which: DesiredDatabase, facet: str, gone: Callable[[Any], bool]) -> Bend:
    """Take items out of a listing of a database's inside."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = getattr(seen.databases[key(which.id)], facet)
        return inside(which, **{facet: replace(before, items=tuple(i for i in before.items if not gone(i)))})(seen)

    return mutate


def user(which: DesiredDatabase, name: str, /, **fields: Any) -> Bend:
    """Change fields of a user of a database."""

    def mutate(seen: Snapshot) -> Snapshot:
        before = seen.databases[key(which.id)].principals
        items = tuple(replace(p, **fields) if p.name == name else p for p in before.items)
        given = seen.databases[key(which.id)].grants
        called = fields.get("name", name)
        grants = tuple(replace(g, grantee=called) if g.grantee == name else g for g in given.items)
        return inside(which, principals=replace(before, items=items), grants=replace(given, items=grants))(seen)

    return mutate


def database_gone(which: DesiredDatabase) -> Bend:
    """A database that is not on its server."""

    def mutate(seen: Snapshot) -> Snapshot:
        kept = tuple(d for d in seen.server(which.server_id).databases.items if d.name != which.name)
        return server(databases=Listing(kept), lookups={which.name: Observed(False)})(seen)

    return mutate
