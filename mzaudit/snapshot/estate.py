"""The snapshot: everything one run saw of the estate, when, by whom, and every call that it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from mzaudit.snapshot import clock
from mzaudit.snapshot.authorization import Authorization, Permissions
from mzaudit.snapshot.databases import DatabaseContents, unread
from mzaudit.snapshot.insights import Component
from mzaudit.snapshot.inventory import InventoryItem
from mzaudit.snapshot.keyvault import Vault
from mzaudit.snapshot.moment import Moment
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed, not_asked
from mzaudit.snapshot.registry import Registry
from mzaudit.snapshot.resources import ResourceBody, ResourceFact
from mzaudit.snapshot.sql import SqlServer
from mzaudit.snapshot.storage import StorageAccount
from mzaudit.snapshot.text.ids import key, subscription_of
from mzaudit.snapshot.user_identities import UserIdentity
from mzaudit.snapshot.web import Plan, Site

SCHEMA_VERSION = "2"


@dataclass(frozen=True, slots=True)
class Read:
    """One call of the ledger: `outcome` is `ok`, `absent` (404) or a gap reason; `permission` is what it needs."""

    call: str
    scope: str
    outcome: str
    permission: str

    @property
    def answered(self) -> bool:
        """Whether Azure said all that there is to say; of a disabled secret nobody could read more."""
        return self.outcome in ("ok", "absent", "disabled")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who read: the token's own claims, `credential` names how the token was had."""

    object_id: str
    application_id: str
    tenant_id: str
    credential: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One run's view. Mappings are keyed by `ids.key` of the resource id; authorization by subscription id.

    `environments` maps each environment that was asked for to its subscription; `taken` is UTC, by the clock of the
    machine that read. `skew` is by how many minutes Azure's own was ahead of it, 0 where that was no more than five.
    `label_key` names the key of the equality labels where the run was given one; else no other run has it.
    """

    # pydantic hands this down to the dataclasses inside: a stored snapshot says what they say and nothing else
    __pydantic_config__: ClassVar[Mapping[str, str | bool]] = {"extra": "forbid", "strict": True}

    taken: Moment
    source: str
    tool_version: str
    cloud: str
    environments: Mapping[str, str]
    caller: Caller | None
    api_versions: Mapping[str, str]
    reads: tuple[Read, ...]
    sites: Mapping[str, Site] = field(default_factory=dict)
    plans: Mapping[str, Observed[Plan | None] | Gap] = field(default_factory=dict)
    vaults: Mapping[str, Vault] = field(default_factory=dict)
    registries: Mapping[str, Registry] = field(default_factory=dict)
    servers: Mapping[str, SqlServer] = field(default_factory=dict)
    databases: Mapping[str, DatabaseContents] = field(default_factory=dict)
    accounts: Mapping[str, StorageAccount] = field(default_factory=dict)
    components: Mapping[str, Component] = field(default_factory=dict)
    user_identities: Mapping[str, UserIdentity] = field(default_factory=dict)
    bodies: Mapping[str, Observed[ResourceBody | None] | Gap] = field(default_factory=dict)
    inventories: Mapping[str, Listing[InventoryItem]] = field(default_factory=dict)
    authorization: Mapping[str, Authorization] = field(default_factory=dict)
    permissions: Permissions = field(default_factory=dict)
    skew: int = 0
    label_key: str = ""
    schema_version: str = SCHEMA_VERSION

    @property
    def now(self) -> Observed[datetime] | Gap:
        """The time of every rule, so that a replay says the same on another day; a gap if the clock was wrong."""
        return Gap(GapReason.CLOCK, "the time", detail=clock.words(self.skew)) if self.skew else Observed(self.taken)

    @property
    def today(self) -> date:
        """The date in UTC on which it was taken, by Azure's clock."""
        return clock.by_azure(self.taken, self.skew).date()

    def comparable(self, one: str, other: str) -> bool:
        """Whether the values of two environments were read in one run."""
        return True

    def site(self, site_id: str) -> Site:
        """The app of that id; one of gaps only, if the snapshot does not hold it."""
        return self.sites.get(key(site_id)) or _unseen_site(site_id)

    def plan(self, plan_id: str) -> Observed[Plan | None] | Gap:
        """The plan of that id."""
        return self.plans.get(key(plan_id)) or not_asked(f"GET {plan_id}")

    def vault(self, vault_id: str) -> Vault:
        """The vault of that id."""
        return self.vaults.get(key(vault_id)) or _unseen_vault(vault_id)

    def registry(self, registry_id: str) -> Registry:
        """The registry of that id."""
        return self.registries.get(key(registry_id)) or Registry(registry_id, not_asked(f"GET {registry_id}"), {})

    def server(self, server_id: str) -> SqlServer:
        """The SQL server of that id."""
        return self.servers.get(key(server_id)) or _unseen_server(server_id)

    def database(self, database_id: str) -> DatabaseContents:
        """The inside of the database of that id."""
        return self.databases.get(key(database_id)) or unread(database_id, not_asked(f"SQL {database_id}"))

    def account(self, account_id: str) -> StorageAccount:
        """The storage account of that id."""
        return self.accounts.get(key(account_id)) or StorageAccount(account_id, not_asked(f"GET {account_id}"), {})

    def user_identity(self, identity_id: str) -> UserIdentity:
        """The user-assigned identity of that id."""
        known = self.user_identities.get(key(identity_id))
        return known or UserIdentity(identity_id, not_asked(f"GET {identity_id}"))

    def component(self, component_id: str) -> Component:
        """The Application Insights component of that id."""
        return self.components.get(key(component_id)) or _unseen_component(component_id)

    def resource(self, resource_id: str) -> Observed[ResourceBody | None] | Gap:
        """The resource of that id, of whatever type."""
        return self.bodies.get(key(resource_id)) or not_asked(f"GET {resource_id}")

    def fact(self, resource_id: str, expression: str) -> Observed[ResourceFact | None] | Gap:
        """What an expression yields of a resource; None where there is no such resource."""
        found = self.resource(resource_id)
        if isinstance(found, Gap) or found.value is None:
            return found if isinstance(found, Gap) else Observed(None)
        fact = found.value.facts.get(expression) or not_asked(f"{expression} of GET {resource_id}")
        return fact if isinstance(fact, Gap) else Observed(fact)

    def inventory(self, group_id: str) -> Listing[InventoryItem]:
        """What the resource group of that id holds."""
        return self.inventories.get(key(group_id)) or Listing(gap=not_asked(f"GET {group_id}/resources"))

    def access(self, scope: str) -> Authorization:
        """RBAC of the subscription that holds `scope`."""
        subscription = subscription_of(scope).casefold()
        return self.authorization.get(subscription) or _unseen_access(subscription)


def _unseen_vault(vault_id: str) -> Vault:
    gap = not_asked(f"GET {vault_id}")
    return Vault(vault_id, gap, Listing(gap=gap), {}, gap, Listing(gap=gap), {})


def _unseen_server(server_id: str) -> SqlServer:
    gap = not_asked(f"GET {server_id}")
    return SqlServer(server_id, gap, Listing(gap=gap), {}, gap, gap, gap, Listing(gap=gap))


def _unseen_component(component_id: str) -> Component:
    gap = not_asked(f"GET {component_id}")
    return Component(component_id, gap, Listing(gap=gap), Listing(gap=gap), Listing(gap=gap), {})


def _unseen_access(subscription: str) -> Authorization:
    gap = not_asked(f"GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments")
    return Authorization(subscription, Listing(gap=gap), {}, Listing(gap=gap), Listing(gap=gap), Listing(gap=gap))


def _unseen_site(site_id: str) -> Site:
    gap = not_asked(f"GET {site_id}")
    return Site(site_id, gap, gap, gap, gap, gap, Listing(gap=gap), Listing(gap=gap), gap, Listing(gap=gap))
