"""The estates that the laws are tried on: the documented one, and others that differ from it in every area."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache

from mzaudit.snapshot.alerts import ActionGroup, AlertCondition, ProcessingRule
from mzaudit.snapshot.authorization import Denied, DenyAssignment, Expiry, Permission
from mzaudit.snapshot.databases import (
    DatabaseGrant,
    DatabasePrincipal,
    Membership,
    Migration,
    Predicate,
    SecurityPolicy,
)
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.insights import Dashboard
from mzaudit.snapshot.keyvault import AccessPolicy
from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked
from mzaudit.snapshot.registry import Manifest, Tag
from mzaudit.snapshot.storage import AccountProperties, BlobContainer
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.text.shown import Shown
from mzaudit.snapshot.web import Identity, Plan, Runtime, Site, SiteContainer, SiteProperties
from tests.built_estate import (
    BLOB_READER,
    SECRETS_USER,
    SHA,
    SUBSCRIPTION,
    TABLES,
    TAKEN,
    Bend,
    account_facets,
    bent,
    client,
    compliant,
    database,
    entra_user,
    granted,
    image,
    inside,
    less,
    literal,
    more,
    principal,
    registry,
    revoked,
    secret_disabled,
    secret_gone,
    secret_item,
    secret_value,
    service,
    setting,
    site,
    site_config,
    site_properties,
    status,
    tenant_tables,
    user,
    value,
    vault,
    vault_facets,
    vault_properties,
    wanted,
)
from tests.written import container_of, mount_of, reference_to, setting_of

CLOUD, MANAGE, INGEST = service("cloud"), service("manage"), service("ingest")
CLOUD_VAULT, MANAGE_VAULT = vault("cloud"), vault("manage")
PRD = wanted().environments["prd"]


def plan(sku: str | None) -> Bend:
    """Production's plan with another SKU, or gone."""

    def mutate(seen: Snapshot) -> Snapshot:
        plan_id = f"{PRD.resource_group_id}/providers/Microsoft.Web/serverfarms/asp-monozu-prd"
        facet: Observed[Plan | None] = Observed(Plan(plan_id, "asp-monozu-prd", sku, 1) if sku else None)
        return replace(seen, plans={**seen.plans, key(plan_id): facet})

    return mutate


def slot(of: Site) -> Site:
    """A staging slot that is as its app, with an identity of its own."""
    assert isinstance(of.properties, Observed)
    assert of.properties.value is not None
    own = Identity(("systemassigned",), "51075107-0000-0000-0000-000000000001", "t")
    body = replace(of.properties.value, id=f"{of.id}/slots/staging", name="staging", identity=own)
    properties: Observed[SiteProperties | None] = Observed(body)
    unread = not_asked("of a slot")
    return replace(
        of,
        id=f"{of.id}/slots/staging",
        properties=properties,
        references=Listing(gap=unread),
        identity=unread,
        slots=Listing(gap=unread),
    )


def gone_site(facet: Observed[None]) -> dict[str, object]:
    """The facets of a site that is not there."""
    return {
        "properties": facet,
        "config": facet,
        "settings": facet,
        "connection_strings": facet,
        "mounts": facet,
        "identity": facet,
        "references": Listing(),
        "containers": Listing(),
        "slots": Listing(),
    }


@cache
def links_broken() -> Snapshot:
    """A vault, an identity, a role and a secret are missing; App Service reports what follows."""
    names = [secret.name for secret in MANAGE_VAULT.secrets]
    return bent(
        site_properties(MANAGE, identity=Identity((), None, None)),
        *(status(MANAGE, name, "MSINotEnabled", active_version=None) for name in names),
        revoked(principal(CLOUD), SECRETS_USER),
        *(status(CLOUD, secret.name, "AccessToKeyVaultDenied") for secret in CLOUD_VAULT.secrets),
        secret_gone(CLOUD_VAULT, "SNAP-PUBLISH-TOKEN"),
        vault_facets(CLOUD_VAULT, deleted_secrets=Listing(("SNAP-PUBLISH-TOKEN",))),
        site(INGEST, **gone_site(Observed(None))),
        plan(None),
    )


@cache
def contents_wrong() -> Snapshot:
    """Secrets disabled, expired, placeholders, unequal and shared; undocumented ones; an old version in use."""
    return bent(
        secret_disabled(CLOUD_VAULT, "MS-CLIENT-SECRET"),
        secret_value(CLOUD_VAULT, "SECRET-KEY", value(7, placeholder=True)),
        secret_value(MANAGE_VAULT, "SECRET-KEY", value(7, placeholder=True)),
        secret_value(MANAGE_VAULT, "CLOUD-API-URL", value(8)),
        secret_value(MANAGE_VAULT, "MS-TENANT-ID", value(9, empty=True)),
        secret_value(CLOUD_VAULT, "CLOUD-WEBHOOK-HMAC-SECRET", value(10, outer_whitespace=True)),
        secret_value(MANAGE_VAULT, "CLOUD-WEBHOOK-HMAC-SECRET", replace(value(11), same_trimmed=10)),
        secret_value(MANAGE_VAULT, "APPLICATIONINSIGHTS-CONNECTION-STRING", value(12, "application-insights")),
        secret_item(CLOUD_VAULT, "SNAP-PUBLISH-TOKEN", expires=TAKEN + timedelta(days=10)),
        secret_item(MANAGE_VAULT, "MS-CLIENT-SECRET", expires=TAKEN - timedelta(days=1)),
        secret_item(MANAGE_VAULT, "MS-CLIENT-ID", name="UNDOCUMENTED"),
        vault_facets_lookup("ms-client-id"),
        status(CLOUD, "SECRET_KEY", "Resolved", active_version="0" * 32),
        status(CLOUD, "MS_CLIENT_ID", "VaultNotFound"),
    )


def vault_facets_lookup(stored: str) -> Bend:
    """The direct read of a secret of the management vault answers 404."""
    return vault_facets(MANAGE_VAULT, lookups={stored: Observed(None)})


@cache
def runs_wrong() -> Snapshot:
    """Wrong images, plans, settings in clear, a slot, side-cars, foreign vaults."""
    seen = bent(
        plan("B1"),
        image(CLOUD, "acrmonozu.azurecr.io/cloud-backend:latest"),
        image(MANAGE, f"docker.io/other/thing:{SHA}"),
        site_config(
            INGEST,
            runtime=Runtime("sitecontainers"),
            acr_use_managed_identity=False,
        ),
        site(
            INGEST,
            containers=Listing(
                (
                    SiteContainer(
                        container_of("main", f"acrmonozu.azurecr.io/ingestor:{SHA[:10]}", True, "SystemIdentity"),
                        False,
                        None,
                        (setting_of("API_KEY", literal(credentials=("high-entropy",))),),
                    ),
                )
            ),
            mounts=Observed((mount_of("share", "stmonozuprd", literal(credentials=("account-key",))),)),
            connection_strings=Observed((setting_of("Main", literal(credentials=("password",)), "SQLAzure"),)),
        ),
        site_properties(INGEST, state="Stopped"),
        setting(CLOUD, "STRIPE_API_KEY", literal()),
        setting(CLOUD, "MS_CLIENT_SECRET", literal()),
        setting(INGEST, "DATABASE_URL", literal("url", credentials=("url-userinfo",))),
        setting(INGEST, "APPLICATIONINSIGHTS_CONNECTION_STRING", None),
        setting(INGEST, "OTEL_EXPORTER_OTLP_ENDPOINT", literal("url", "otlp-grpc")),
        setting(MANAGE, "LEGACY", replace_vault("kv-mz-cloud-stg")),
    )
    return site(CLOUD, slots=Listing((slot(seen.site(CLOUD.id)),)))(seen)


def replace_vault(name: str) -> object:
    """A reference to a secret of another vault."""

    return reference_to(name, "LEGACY", None)


@cache
def in_clear() -> Snapshot:
    """What the policy calls no secret stands in clear; two vaults hold one key; an app runs one platform's image."""
    one = "sha256:" + "cd" * 32
    open_secrets = [(MANAGE, secret) for secret in MANAGE_VAULT.secrets if not secret.spec.sensitive]
    open_secrets += [(CLOUD, secret) for secret in CLOUD_VAULT.secrets if not secret.spec.sensitive]
    return bent(
        *(setting(owner, secret.name, literal()) for owner, secret in open_secrets),
        secret_value(CLOUD_VAULT, "SECRET-KEY", value(77)),
        secret_value(MANAGE_VAULT, "SECRET-KEY", value(77)),
        image(INGEST, f"acrmonozu.azurecr.io/ingestor:{SHA}@{one}"),
        registry(INGEST, manifests={f"ingestor@sha256:{'ab' * 32}": Observed(Manifest((one,)))}),
    )


@cache
def access_wrong() -> Snapshot:
    """Grants too many, too broad, to strangers, expiring, denied; a vault by access policies; a public container."""
    stranger = "57a9657a-0000-0000-0000-000000000001"
    deny = DenyAssignment(
        f"{CLOUD_VAULT.id}/providers/Microsoft.Authorization/denyAssignments/d",
        "no secrets",
        CLOUD_VAULT.id,
        (Permission(data_actions=("Microsoft.KeyVault/vaults/*",)),),
        (Denied("00000000-0000-0000-0000-000000000000", "SystemDefined"),),
        (),
        False,
    )

    def more(seen: Snapshot) -> Snapshot:
        before = seen.authorization[SUBSCRIPTION]
        expiry = Expiry(principal(CLOUD), BLOB_READER, PRD.storage[0].container_id, TAKEN + timedelta(days=20))
        after = replace(before, denies=Listing((deny,)), expiring=Listing((expiry,)))
        account = seen.accounts[key(PRD.storage[0].account_id)]
        assert isinstance(account.properties, Observed)
        assert account.properties.value is not None
        open_account = replace(
            account, properties=Observed(replace(account.properties.value, shared_key=None, public_blobs=True))
        )
        containers: dict[str, Observed[BlobContainer | None] | Gap] = {
            name: Observed(replace(container.value, public_access="Blob"))
            for name, container in account.containers.items()
            if isinstance(container, Observed) and container.value is not None
        }
        return replace(
            seen,
            authorization={SUBSCRIPTION: after},
            accounts={**seen.accounts, key(account.id): replace(open_account, containers=containers)},
        )

    return bent(
        more,
        granted(principal(CLOUD), SECRETS_USER, MANAGE_VAULT.id),
        granted(principal(MANAGE), SECRETS_USER, PRD.resource_group_id),
        granted(principal(INGEST), BLOB_READER, PRD.storage[0].account_id),
        granted(stranger, SECRETS_USER, CLOUD_VAULT.id),
        revoked(principal(MANAGE), SECRETS_USER),
        vault_properties(
            MANAGE_VAULT, rbac=False, access_policies=(AccessPolicy(principal(INGEST), None, ("get", "list")),)
        ),
    )


@cache
def watched_wrong() -> Snapshot:
    """SQL, alerts, dashboards and the registry are not as documented; another environment differs."""

    def more(seen: Snapshot) -> Snapshot:
        server = seen.servers[key(PRD.servers[0].id)]
        lost = PRD.servers[0].databases[0].name
        kept = Listing(tuple(d for d in server.databases.items if d.name != lost))
        component = seen.components[key(PRD.components[0].id)]
        alerts = Listing(tuple(replace(a, enabled=False) for a in component.alerts.items))
        shared = seen.registries[key(PRD.registries[0].id)]
        tags: dict[str, Observed[Listing[Tag] | None] | Gap] = {**shared.tags, "ingestor": Observed(None)}
        absent: Observed[bool] | Gap = Observed(False)
        return replace(
            seen,
            servers={
                **seen.servers,
                key(server.id): replace(
                    server, databases=kept, lookups={lost.casefold(): absent}, entra_only=Observed(None)
                ),
            },
            components={
                **seen.components,
                key(component.id): replace(component, alerts=alerts, dashboards=Listing()),
            },
            registries={key(shared.id): replace(shared, tags=tags)},
        )

    return bent(more, setting(service("cloud", "stg"), "EXTRA", literal()))


@cache
def vault_gone() -> Snapshot:
    """The cloud vault is soft-deleted; App Service says so of every reference."""
    missing: Observed[None] = Observed(None)
    return bent(
        vault_facets(
            CLOUD_VAULT,
            properties=missing,
            secrets=Listing(),
            soft_deleted=Observed(True),
            lookups={secret.stored.casefold(): missing for secret in CLOUD_VAULT.secrets},
            values={secret.stored.casefold(): missing for secret in CLOUD_VAULT.secrets},
        ),
        *(status(CLOUD, secret.name, "VaultNotFound") for secret in CLOUD_VAULT.secrets),
    )


@cache
def inside_wrong() -> Snapshot:
    """Users, roles, row-level security and migrations are not as documented."""
    cloud, manage = database("cloud"), database("manage")
    held = tuple(Predicate(table, kind, None) for table in TABLES for kind in ("FILTER", "BLOCK"))
    return bent(
        user(manage, MANAGE.app, sid=entra_user("", "57a9657a-0000-0000-0000-000000000001").sid),
        more(cloud, "principals", entra_user("m", client(MANAGE)), DatabasePrincipal("old", "S", "DATABASE", "01")),
        more(cloud, "memberships", Membership("db_owner", "staff"), Membership("staff", CLOUD.app)),
        less(cloud, "memberships", lambda one: one.member == INGEST.app),
        more(cloud, "grants", DatabaseGrant(INGEST.app, "CONTROL", "GRANT", "DATABASE", "")),
        inside(
            cloud,
            policies=Listing((SecurityPolicy("sec.a", False, held[:2]), SecurityPolicy("sec.b", True, held[2:3]))),
            migrations={
                "dbo.flyway_schema_history": Observed((Migration(1, "1", Shown("first"), "SQL", CLOUD.app, False),)),
            },
        ),
        inside(
            manage,
            tenant_tables={"tenant_id": Listing(tenant_tables(*TABLES, "dbo.new"))},
            migrations={"dbo.flyway_schema_history": Observed(None)},
        ),
    )


@cache
def watched_by_many() -> Snapshot:
    """Several alerts, action groups, processing rules and dashboards, of which few count; and a data lake, at whose
    blobs its lists may let somebody."""

    def more(seen: Snapshot) -> Snapshot:
        component = seen.components[key(PRD.components[0].id)]
        (alert,) = component.alerts.items
        (called,) = alert.action_groups
        group: Observed[ActionGroup | None] | Gap = Observed(ActionGroup(called, "on-call", True, 1))
        notify = ProcessingRule(
            f"{PRD.resource_group_id}/actionRules/notify", "notify", True, (alert.id,), (called,), False
        )
        sev4 = (AlertCondition(Shown("severity"), Shown("equals"), (Shown("sev4"),)),)
        mute = replace(notify, id=f"{notify.id}-2", name="mute", adds=(), silences=True, conditions=sev4)
        items = (
            replace(alert, enabled=False),
            replace(alert, id=f"{alert.id}-2", name="silent", action_groups=(), severity="Sev1"),
            replace(alert, id=f"{alert.id}-3", name="central", action_groups=(f"{called}-2", called), severity="Sev1"),
        )
        board = Dashboard(f"{PRD.resource_group_id}/workbooks/kept-back", "kept-back", (), whole=False)
        facets = replace(
            component,
            alerts=Listing(items),
            processing=Listing((notify, mute)),
            action_groups={key(called): group, key(f"{called}-2"): Observed(None)},
            dashboards=Listing((*component.dashboards.items, board)),
        )
        return replace(seen, components={**seen.components, key(component.id): facets})

    storage = PRD.storage[0]
    lake = AccountProperties(storage.account_id, storage.account, False, False, hierarchical=True)
    return bent(more, account_facets(properties=Observed(lake)))


ESTATES: dict[str, Callable[[], Snapshot]] = {
    "compliant": compliant,
    "links broken": links_broken,
    "contents wrong": contents_wrong,
    "runs wrong": runs_wrong,
    "in clear": in_clear,
    "access wrong": access_wrong,
    "watched wrong": watched_wrong,
    "watched by many": watched_by_many,
    "vault gone": vault_gone,
    "inside wrong": inside_wrong,
}
