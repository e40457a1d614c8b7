"""A simulated estate: a plain, mutable container of wire data that a test may mutate before or while it is served."""

from __future__ import annotations

import secrets as random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from mzaudit.simulator.estates.builtin_roles import BUILTIN_ROLES
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.http_messages import Json
from mzaudit.simulator.sql.contents import Contents

# One marker for the whole process: outputs are searched for it, so it must not be guessable from the source.
CANARY = f"cnry-{random.token_hex(6)}"
# A shorter value, or one without the marker, may stand in a report for its own sake (`changeme`, `http/protobuf`).
_SHORTEST_CANARY = 16


def canary(*labels: str) -> str:
    """A well-formed opaque value that carries the marker of this process and is never made twice."""
    return "-".join((CANARY, *labels, random.token_hex(12)))


def client_of(oid: str) -> str:
    """The client id of the service principal with that object id: the one by which SQL knows a managed identity."""
    return stable_guid("client", oid)


def last_midnight() -> datetime:
    """Today's midnight in UTC, from which an estate counts its dates."""
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)


@dataclass(slots=True)
class Version:
    """One version of a secret; times are seconds since 1970 (UTC)."""

    id: str
    value: str
    created: int
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None


@dataclass(slots=True)
class SimulatedSecret:
    """A secret with its versions, oldest first; `deleted` is the time of its soft deletion."""

    versions: list[Version]
    content_type: str | None = None
    managed: bool = False
    deleted: int | None = None

    @property
    def current(self) -> Version:
        """The version that a read without a version gets."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class SimulatedManifest:
    """What a tag of a repository points at, and when the tag was last pushed (ISO 8601, UTC); of an index `platforms`
    are the digests of its images."""

    digest: str
    pushed: str
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SimulatedPrincipal:
    """A service principal that can log in."""

    name: str
    client_id: str
    secret: str
    oid: str


@dataclass(slots=True)
class SqlGateway:
    """How a SQL server meets a client beyond what Resource Manager tells of it: whether its firewall admits the
    client, and whether its connection policy sends the client on to the database's own node; `target` is another host
    and port to send it to."""

    admits: bool = True
    redirects: bool = False
    target: tuple[str, int] | None = None


@dataclass
class Estate:
    """Wire data of one tenant. Every dictionary over ARM ids is keyed by the casefolded id; see `resource`. The ids of
    the tenant and of the subscriptions that the estate lies in, the auditor's first, are casefolded.

    One that is `fixed` is not bent any more: what is looked for often is then found by an index.
    """

    tenant_id: str
    subscriptions: tuple[str, ...]
    auditor: SimulatedPrincipal
    principals: list[SimulatedPrincipal] = field(default_factory=list)
    resources: dict[str, Json] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    connection_strings: dict[str, dict[str, Json]] = field(default_factory=dict)
    storage_mounts: dict[str, dict[str, Json]] = field(default_factory=dict)
    site_containers: dict[str, list[Json]] = field(default_factory=dict)
    slot_setting_names: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, dict[str, SimulatedSecret]] = field(default_factory=dict)
    deleted_vaults: list[Json] = field(default_factory=list)
    role_definitions: dict[str, Json] = field(default_factory=dict)
    unlisted_roles: set[str] = field(default_factory=set)  # known by their ids, and in no list
    role_assignments: list[Json] = field(default_factory=list)
    deny_assignments: list[Json] = field(default_factory=list)
    role_schedules: list[Json] = field(default_factory=list)
    role_eligibilities: list[Json] = field(default_factory=list)
    group_members: dict[str, set[str]] = field(default_factory=dict)
    images: dict[str, dict[str, SimulatedManifest]] = field(default_factory=dict)
    sql: dict[str, Contents] = field(default_factory=dict)
    gates: dict[str, SqlGateway] = field(default_factory=dict)
    reference_status: dict[tuple[str, str], str] = field(default_factory=dict)
    active_versions: dict[tuple[str, str], str] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    changes: list[Json] = field(default_factory=list)
    further_types: dict[str, str] = field(default_factory=dict)  # beside those that the simulator knows, as spelled
    unregistered: set[str] = field(default_factory=set)  # providers, casefolded
    private_links: set[str] = field(default_factory=set)  # casefolded ids of what is reached by a private endpoint
    page_size: int = 3
    fixed: bool = False
    _by_type: dict[str, dict[str, Json]] = field(default_factory=dict, repr=False)
    _in_order: list[str] = field(default_factory=list, repr=False)
    _by_principal: dict[str, list[Json]] = field(default_factory=dict, repr=False)
    midnight: datetime = field(default_factory=last_midnight)

    def days(self, count: float) -> int:
        """Seconds since 1970 of the moment `count` days after today's midnight."""
        return int(self.midnight.timestamp() + count * 86400)

    def resource(self, arm_id: str) -> Json:
        """The body of one resource; raises KeyError."""
        return self.resources[arm_id.rstrip("/").casefold()]

    def add(self, body: Json) -> Json:
        """Put a resource, keyed by the id in its body."""
        self.resources[str(body["id"]).rstrip("/").casefold()] = body
        return body

    def know(self, type_name: str) -> None:
        """Let the estate have resources of a type that the simulator does not know by itself."""
        self.further_types[type_name.casefold()] = type_name

    def remove(self, arm_id: str) -> None:
        """Take a resource away with everything under it, settings included; role assignments stay."""
        key = arm_id.rstrip("/").casefold()
        for table in (self.resources, self.settings, self.connection_strings, self.storage_mounts, self.sql):
            for known in [k for k in table if k == key or k.startswith(key + "/")]:
                del table[known]

    def named(self, type_name: str, name: str) -> Json:
        """The one resource of a type (`Microsoft.Web/sites`) with that name; raises LookupError."""
        found = self.of_type(type_name).get(name.casefold())
        if found is None:
            raise LookupError(f"no {type_name} is named {name}")
        return found

    def of_type(self, type_name: str) -> dict[str, Json]:
        """The resources of a type by their casefolded names."""
        wanted = type_name.casefold()
        if self.fixed and wanted in self._by_type:
            return self._by_type[wanted]
        found: dict[str, Json] = {}
        for body in self.resources.values():
            if str(body["type"]).casefold() == wanted:
                found.setdefault(str(body["name"]).casefold(), body)
        if self.fixed:
            self._by_type[wanted] = found
        return found

    def below(self, place: str) -> Iterator[tuple[str, Json]]:
        """What lies under an id or scope (casefolded, without its last slash), with its casefolded id."""
        start, end = place + "/", place + "0"  # which follows the slash
        if not self.fixed:
            yield from ((id_, body) for id_, body in self.resources.items() if id_.startswith(start))
            return
        if not self._in_order:
            self._in_order = sorted(self.resources)
        first, last = bisect_left(self._in_order, start), bisect_left(self._in_order, end)
        yield from ((id_, self.resources[id_]) for id_ in self._in_order[first:last])

    def held_by(self, who: set[str]) -> list[Json]:
        """The role assignments of some principals (casefolded object ids), in their order."""
        if not self.fixed:
            return [one for one in self.role_assignments if str(one["properties"]["principalId"]).casefold() in who]
        if not self._by_principal:
            for one in self.role_assignments:
                self._by_principal.setdefault(str(one["properties"]["principalId"]).casefold(), []).append(one)
        return [one for each in sorted(who) for one in self._by_principal.get(each, ())]

    def site(self, name: str) -> Json:
        """The body of an app (`app-web`) or of a slot (`app-web/staging`)."""
        return self.named("Microsoft.Web/sites/slots" if "/" in name else "Microsoft.Web/sites", name)

    def site_settings(self, name: str) -> dict[str, str]:
        """The app settings of an app or slot, to be changed in place."""
        return self.settings[str(self.site(name)["id"]).casefold()]

    def site_config(self, name: str) -> Json:
        """The properties of `config/web` of an app or slot, to be changed in place."""
        properties: Json = self.resource(f"{self.site(name)['id']}/config/web")["properties"]
        return properties

    def principal_of(self, name: str) -> str:
        """The object id of the system-assigned identity of an app or slot; raises KeyError when it has none."""
        return str(self.site(name)["identity"]["principalId"])

    def database(self, name: str) -> Contents:
        """What is inside the one database of that name; raises LookupError."""
        return self.sql[str(self.named("Microsoft.Sql/servers/databases", name)["id"]).casefold()]

    def gate(self, server: str) -> SqlGateway:
        """How the SQL server of that name meets its clients, to be changed in place; raises LookupError."""
        return self.gates.setdefault(str(self.named("Microsoft.Sql/servers", server)["id"]).casefold(), SqlGateway())

    def vault(self, name: str) -> Json:
        """The body of a vault."""
        return self.named("Microsoft.KeyVault/vaults", name)

    def put_secret(self, vault: str, name: str, value: str) -> Version:
        """Write a new version of a secret, as a rotation does."""
        secret = self.secrets[vault].setdefault(name, SimulatedSecret([]))
        number = len(secret.versions)
        version = Version(stable_guid(vault, name, str(number)).replace("-", ""), value, self.days(number - 60))
        secret.versions.append(version)
        return version

    def role_guid(self, role: str) -> str:
        """The GUID of a role by its name, the tenant's own ones too; any other text is taken for a GUID."""
        if role in BUILTIN_ROLES:
            return BUILTIN_ROLES[role].guid
        own = stable_guid("role", role)
        return own if own in self.role_definitions else role

    def assign(self, oid: str, role: str, scope: str, *, principal_type: str = "ServicePrincipal") -> Json:
        """Grant a role (a name, or the GUID of any role) to a principal at a scope."""
        guid = self.role_guid(role)
        name = stable_guid("assignment", oid, guid, scope.casefold())
        stamp = "2025-11-03T08:15:42.1234567Z"
        # above the subscriptions a role is named without one
        inside = scope.casefold().startswith("/subscriptions/")
        subscription = f"/subscriptions/{scope.split('/')[2]}" if inside else ""
        assignment: Json = {
            "properties": {
                "roleDefinitionId": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
                "principalId": oid,
                "principalType": principal_type,
                "scope": scope,
                "condition": None,
                "conditionVersion": None,
                "createdOn": stamp,
                "updatedOn": stamp,
                "createdBy": stable_guid("operator"),
                "updatedBy": stable_guid("operator"),
                "delegatedManagedIdentityResourceId": None,
                "description": None,
            },
            "id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}",
            "type": "Microsoft.Authorization/roleAssignments",
            "name": name,
        }
        self.role_assignments.append(assignment)
        return assignment

    def revoke(self, oid: str, role: str, scope: str | None = None) -> int:
        """Take a role away (everywhere, or at one scope); says how many assignments went."""
        guid = self.role_guid(role)
        kept = [
            one
            for one in self.role_assignments
            if one["properties"]["principalId"] != oid
            or not str(one["properties"]["roleDefinitionId"]).endswith(guid)
            or (scope is not None and str(one["properties"]["scope"]).casefold() != scope.casefold())
        ]
        gone = len(self.role_assignments) - len(kept)
        self.role_assignments[:] = kept
        return gone

    def canaries(self) -> list[str]:
        """Every value that no output may show: secrets, settings, connection strings, the client secret."""
        values = [version.value for vault in self.secrets.values() for s in vault.values() for version in s.versions]
        values += [value for table in self.settings.values() for value in table.values()]
        values += [str(one["value"]) for table in self.connection_strings.values() for one in table.values()]
        values += [
            str(one["accessKey"]) for t in self.storage_mounts.values() for one in t.values() if "accessKey" in one
        ]
        values += [principal.secret for principal in self.principals]
        plain = (value for value in values if not value.casefold().startswith("@microsoft.keyvault("))
        return sorted({value for value in plain if len(value) >= _SHORTEST_CANARY})
