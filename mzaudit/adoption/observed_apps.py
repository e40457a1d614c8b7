"""The apps that are adopted, and what they lead to: identities, images, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mzaudit import kinds
from mzaudit.snapshot.authorization import RoleAssignment
from mzaudit.snapshot.databases import DatabaseContents
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.text.ids import group_of, key, name
from mzaudit.snapshot.text.image_reference import Image, parse
from mzaudit.snapshot.values import VaultReference
from mzaudit.snapshot.web import Runtime, Setting, Site, SiteProperties, UserAssigned

Inventory = Mapping[str, Listing[str]]
"""The ids of what is in the subscriptions that are adopted from, by kind."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A setting of an app that refers to a secret; the names are Azure's."""

    setting: str
    vault: str
    stored: str


@dataclass(frozen=True, slots=True)
class ObservedApp:
    """An app as the newest look showed it."""

    id: str
    site: Site
    properties: SiteProperties | None

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Its app settings; none where they could not be read."""
        return (self.site.settings.value or ()) if isinstance(self.site.settings, Observed) else ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """Its settings that refer to a secret."""
        return tuple(
            Reference(one.name, one.value.vault, one.value.secret)
            for one in self.settings
            if isinstance(one.value, VaultReference) and one.value.vault and one.value.secret
        )

    @property
    def attached(self) -> UserAssigned | None:
        """The user-assigned identity that it acts as: the first, where it has none of its own."""
        identity = self.properties.identity if self.properties is not None else None
        if identity is None or identity.system_assigned:
            return None
        return next(iter(sorted(identity.user_assigned, key=lambda one: key(one.id))), None)

    @property
    def principal_id(self) -> str | None:
        """The object id of the identity that it acts as."""
        if self.attached is not None:
            return self.attached.principal_id
        return self.properties.identity.principal_id if self.properties is not None else None

    @property
    def client_id(self) -> str | None:
        """The client id of the identity that it acts as."""
        if self.attached is not None:
            return self.attached.client_id
        identity = self.site.identity
        return identity.value.client_id if isinstance(identity, Observed) and identity.value is not None else None

    @property
    def runtime(self) -> Runtime | None:
        """What it runs; None where that was not told."""
        config = self.site.config.value if isinstance(self.site.config, Observed) else None
        return config.runtime if config is not None else None

    @property
    def images(self) -> tuple[tuple[str, Image], ...]:
        """Its containers' images with the containers' names, the main one first."""
        runtime = self.runtime
        if runtime is None:
            return ()
        containers = (
            [item.container for item in self.site.containers.items]
            if runtime.form == "sitecontainers"
            else list(runtime.containers)
        )
        containers.sort(key=lambda container: not container.main)
        read = ((str(container.name), parse(container.image)) for container in containers)
        return tuple((called, image) for called, image in read if image is not None)


@dataclass(frozen=True)
class Looks:
    """What is there, and every look at it so far, the newest last. `groups` are the names of the resource groups that
    are adopted; without any, what has the environment's name in its own or in its group's is, or else everything."""

    env: str
    subscription: str
    there: Inventory
    groups: tuple[str, ...]
    seen: tuple[Snapshot, ...]

    def after(self, seen: Snapshot) -> Looks:
        """The same after one more look."""
        return replace(self, seen=(*self.seen, seen))

    @property
    def newest(self) -> Snapshot:
        """The newest look."""
        return self.seen[-1]

    @property
    def apps(self) -> tuple[ObservedApp, ...]:
        """The apps in those groups, by name."""
        return tuple(self._app(each) for each in self.within(kinds.SITE.type))

    def _app(self, app_id: str) -> ObservedApp:
        site = self.newest.site(app_id)
        return ObservedApp(app_id, site, site.properties.value if isinstance(site.properties, Observed) else None)

    def all(self, kind: str) -> tuple[str, ...]:
        """The ids of a kind, by name."""
        return tuple(sorted(self.there.get(kind, Listing()).items, key=lambda each: (name(each), key(each))))

    def within(self, kind: str) -> tuple[str, ...]:
        """The ids of a kind that are adopted, by name."""
        return tuple(each for each in self.all(kind) if self.adopts(each))

    def adopts(self, resource_id: str) -> bool:
        """Whether a resource is adopted, by its group or its name."""
        if self.groups:
            return name(group_of(resource_id)).casefold() in {each.casefold() for each in self.groups}
        return not self._told or self._is_named(resource_id)

    @cached_property
    def _told(self) -> bool:
        """Whether names tell what is the environment's: those of apps, or of all things where there is no app."""
        every = self.all(kinds.SITE.type) or tuple(each for kind in self.there for each in self.all(kind))
        return any(map(self._is_named, every))

    @property
    def adopted_groups(self) -> tuple[str, ...]:
        """The ids of the groups whose resources are drafted: those of the apps, or where there is no app of all that is
        adopted; and every group that is named."""
        apps = self.within(kinds.SITE.type)
        found = apps or tuple(each for kind in self.there for each in self.within(kind))
        ids = {key(each): each for each in map(group_of, found)}
        for each in self.groups:
            if each.casefold() not in {name(one).casefold() for one in ids.values()}:
                ids[each.casefold()] = f"/subscriptions/{self.subscription}/resourceGroups/{each}"
        return tuple(ids.values())

    def _is_named(self, resource_id: str) -> bool:
        return self.env in f"{name(resource_id)} {name(group_of(resource_id))}".casefold()

    def named(self, kind: str, wanted: str) -> str | None:
        """The id of the thing of a kind with that name, wherever it is."""
        return next((each for each in self.all(kind) if name(each).casefold() == wanted.casefold()), None)

    def roles_of(self, app: ObservedApp) -> tuple[tuple[str, str], ...]:
        """The roles that an app's identity holds itself, by the role's name, and their scopes."""
        if app.principal_id is None:
            return ()
        found: dict[str, tuple[str, str]] = {}
        for rbac in self.newest.authorization.values():
            names = {role.guid.casefold(): role.name for role in rbac.roles.items}
            for each in rbac.assignments.items:
                if each.principal_id.casefold() == app.principal_id.casefold():
                    found[key(each.id)] = (names.get(each.role.casefold(), each.role), each.scope)
        return tuple(found.values())

    def holders(self, scope: str) -> Iterator[tuple[str, RoleAssignment]]:
        """Who holds which role on exactly a thing."""
        rbac = self.newest.access(scope)
        names = {role.guid.casefold(): role.name for role in rbac.roles.items}
        for each in rbac.assignments.items:
            if key(each.scope) == key(scope):
                yield names.get(each.role.casefold(), each.role), each

    def has_column(self, database_id: str, column: str) -> bool | None:
        """Whether a table of the database has the column, by the newest look that asked; None where none did."""
        for database in self._inside(database_id):
            tables = database.tables_with(column)
            if tables.items or tables.gap is None:
                return bool(tables.items)
        return None

    def has_history(self, database_id: str, table: str) -> bool | None:
        """Whether the database has that history of migrations, by the newest look that asked; None where none did."""
        for database in self._inside(database_id):
            found = database.history(table)
            if not isinstance(found, Gap):
                return found.value is not None
        return None

    def _inside(self, database_id: str) -> Iterator[DatabaseContents]:
        return (one.database(database_id) for one in reversed(self.seen))


def inventory_of(seen: Snapshot) -> Inventory:
    """What a snapshot saw to be there: never more than it was told to look for."""
    held = {
        kind.type: {one.id: getattr(one, kind.facet) for one in getattr(seen, kind.held_in).values()}
        for kind in kinds.NAMED
    }
    return {
        kind: Listing(
            tuple(found for found, facet in facets.items() if isinstance(facet, Observed) and facet.value),
            next((facet for facet in facets.values() if isinstance(facet, Gap)), None),
        )
        for kind, facets in held.items()
    }
