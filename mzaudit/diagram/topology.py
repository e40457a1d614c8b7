"""The picture of the estate: the documented things and connections, and the access seen beyond them.

Nothing is judged here. What a part is marked with follows from the findings that bear on it; an extra arrow is drawn
only where a failure's evidence shows the access.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from mzaudit.access.managed_identities import identities_of
from mzaudit.diagram.element_status import counts, down_to, marked
from mzaudit.engine.results import Arrow, ElementStatus, Finding, Node, NodeKind, Topology
from mzaudit.engine.rule import AnyRule, Aspect
from mzaudit.policy.desired import (
    Desired,
    DesiredAccess,
    DesiredEnvironment,
    DesiredServer,
    DesiredService,
    DesiredStorage,
    DesiredVault,
)
from mzaudit.policy.resources.expected_body import ExpectedBody
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import covers, key, name, same

# What of a service has a node or an arrow beside the app's own node.
_BESIDE_APP = frozenset(Aspect) - {Aspect.SUBJECT, Aspect.SETTINGS, Aspect.FOREIGN_REFERENCES}

_ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/"


def topology(wanted: Desired, seen: Snapshot, findings: Iterable[Finding], rules: Iterable[AnyRule]) -> Topology:
    """The picture of every environment asked for; arrows never lead from one environment into another: an identity of
    another environment is drawn as a stranger."""
    nodes: list[Node] = []
    arrows: list[Arrow] = []
    given = tuple(findings)
    aspects = {rule.code: rule.bears_on for rule in rules}
    by_env: dict[str, list[Finding]] = {}
    for finding in given:
        by_env.setdefault(finding.env, []).append(finding)
    for env in wanted.asked:
        here = tuple(by_env.get(env, ()))
        documented = _Documented(wanted.environments[env], seen, here, aspects)
        extra = list(_extra(wanted, seen, here, documented, aspects))
        there = {node.id for node in documented.nodes}
        strangers = {node.id: node for found in extra for node in found[:2] if node.id not in there}
        nodes += [*documented.nodes, *(_found_at(node, extra) for node in strangers.values())]
        arrows += [*documented.arrows, *_united(extra)]
    return marked(Topology(tuple(nodes), tuple(arrows)), given)


class _Documented:
    """What the policy documents of one environment, with the findings that bear on each part."""

    def __init__(
        self, want: DesiredEnvironment, seen: Snapshot, findings: tuple[Finding, ...], aspects: Mapping[str, Aspect]
    ) -> None:
        self._env = want.env
        self._aspects = aspects
        self._about_it: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            first = finding.subject.name.split("/")[0].casefold()
            self._about_it.setdefault((finding.subject.kind, first), []).append(finding)
        self._plans: dict[str, Node] = {}
        self._nodes: dict[str, Node] = {}
        self._arrows: dict[tuple[str, str, str], Arrow] = {}
        self._holders: dict[str, Node] = {}  # identities and principals, by what tells them apart
        self._registries = {
            one.key: self._thing(NodeKind.REGISTRY, "registry", one.name, one.id) for one in want.registries
        }
        self._components = {
            one.key: self._thing(NodeKind.TELEMETRY, "component", one.name, one.id) for one in want.components
        }
        self._vaults = {vault.name: self._vault(vault) for vault in want.vaults}
        self._blobs = {storage.key: self._container(storage) for storage in want.storage}
        self._databases = {key: node for server in want.servers for key, node in self._server(server).items()}
        for resource in _whole(want.expected):
            called = self._told_apart(NodeKind.RESOURCE, name(resource.id), resource.id)
            self._node(NodeKind.RESOURCE, called, resource.id, [])
        for service in want.services:
            self._service(service, seen)
        for service in want.services:
            self._access(self.holder_of(service), service.key, service.access, self._about("service", service.key))
        for principal in want.principals:
            if principal.access:
                names = {f"{principal.name}/{one.on}/{one.role}" for one in principal.access}
                mine = [f for f in self._of_kind("principal") if f.subject.name in names]
                node = self._node(NodeKind.PRINCIPAL, principal.name, principal.object_id, mine)
                self._holders[principal.object_id.casefold()] = node
                self._access(node, principal.name, principal.access, mine)
        self._bodies()

    def _thing(self, kind: NodeKind, subject: str, called: str, resource: str) -> Node:
        return self._node(kind, called, resource, self._about(subject, called))

    def _vault(self, vault: DesiredVault) -> Node:
        shared = (secret.name for secret in vault.secrets if secret.spec.shared)
        bearing = [*self._about("vault", vault.name), *self._about("secret", vault.name, *shared)]
        return self._node(NodeKind.VAULT, vault.name, vault.id, bearing)

    def _container(self, storage: DesiredStorage) -> Node:
        called = f"{storage.account}/{storage.container}"
        bearing = [f for f in self._about("container", storage.account) if f.subject.name == called]
        return self._node(NodeKind.BLOBS, called, storage.container_id, bearing)

    def _server(self, want: DesiredServer) -> dict[str, Node]:
        """The nodes of the server's databases, by their keys."""
        of_server = self._about("sql-server", want.name)
        server = self._node(NodeKind.SERVER, want.name, want.id, of_server)
        on_databases = self._of(of_server, Aspect.DATABASES)
        databases = {}
        for held in want.databases:
            about = [f for f in self._about("database", held.name) if same(f.subject.id, held.id)]
            bearing = [*about, *(f for f in on_databases if _tells_of(held.id, f))]
            databases[held.key] = self._node(NodeKind.DATABASE, held.name, held.id, bearing, within=server.id)
        return databases

    def _service(self, service: DesiredService, seen: Snapshot) -> None:
        """The app, its identity, its plan, and the arrows from them."""
        mine = [*self._about("service", service.key), *self._about("setting", service.key)]
        own = [f for f in mine if self._aspects.get(f.rule, Aspect.SUBJECT) not in _BESIDE_APP]
        on_identity = self._of(mine, Aspect.IDENTITY, Aspect.ROLES)
        acts = service.acts_as != "none"
        app = self._node(NodeKind.APP, service.app, service.id, own if acts else [*own, *on_identity])
        identity = self._identity(service, on_identity) if acts else app
        on_plan = self._of(mine, Aspect.PLAN)
        plans = service.plans
        if plans.minimum or plans.refused or (plans.recommended and service.production):  # else none is documented
            self._arrow(app, self._plan(service, seen, on_plan), "runs on", on_plan)
        if acts:
            self._arrow(app, identity, "has", self._of(mine, Aspect.IDENTITY))
        if service.image is not None:
            images = self._registries[service.image.registry.key]
            self._arrow(app, images, "pulls its image from", self._of(mine, Aspect.IMAGE))
        on_secrets = self._of(mine, Aspect.VAULT_ACCESS, Aspect.SECRET_REFERENCES)
        for read in service.vaults:
            held = {f"{service.key}/{one.name}" for one in service.settings if one.secret.vault == read.name}
            bearing = [f for f in on_secrets if f.subject.name in (f"{service.key}/{read.name}", *held)]
            self._arrow(identity, self._vaults[read.name], "reads secrets of", bearing)
        for database in (self._databases[grant.database] for grant in service.databases):
            called = f"{service.key}/{database.name}"
            users = [f for f in self._about("database-user", service.key) if f.subject.name == called]
            bearing = [f for f in users if same(f.subject.id, database.resource)]
            self._arrow(identity, database, "uses", bearing)
        on_blobs = self._of(mine, Aspect.BLOB_ACCESS)
        for storage in service.storage:
            bearing = [f for f in on_blobs if f.subject.name == f"{service.key}/{storage.key}"]
            self._arrow(identity, self._blobs[storage.key], "reads", bearing)
        if service.exports_to is not None:
            component = self._components[service.exports_to.key]
            self._arrow(app, component, "exports to", self._of(mine, Aspect.EXPORT))

    def _identity(self, service: DesiredService, bearing: list[Finding]) -> Node:
        """Whom the app acts as; services may share a user-assigned identity, which is drawn once."""
        own = service.identity
        if own is None:
            made = self._node(NodeKind.IDENTITY, service.app, f"{service.id}/identity", bearing)
        elif (known := self._holders.get(key(own.id))) is None:
            made = self._node(NodeKind.IDENTITY, self._told_apart(NodeKind.IDENTITY, own.name, own.id), own.id, bearing)
        else:
            made = self._bears_more(known, bearing)
        self._holders[key(own.id) if own is not None else key(service.id)] = made
        return made

    def _bodies(self) -> None:
        """What is asked of bodies marks the thing that they are of, or are a part of."""
        found: dict[str, list[Finding]] = {}
        for finding in (*self._of_kind("resource"), *self._of_kind("expectation")):
            found.setdefault(finding.subject.id, []).append(finding)
        for resource_id, bearing in found.items():
            if (node := self.at(resource_id)) is not None:
                self._bears_more(node, bearing)

    def _access(self, holder: Node | None, called: str, access: Iterable[DesiredAccess], about: list[Finding]) -> None:
        """The further roles that somebody holds, each an arrow to what it is held on."""
        for one in access:
            target = self.at(one.scope)
            if holder is not None and target is not None and target is not holder:
                name_of_it = f"{called}/{one.on}/{one.role}"
                bearing = [f for f in about if f.subject.name == name_of_it]
                self._arrow(holder, target, f"holds {one.role} on", bearing)

    def _told_apart(self, kind: NodeKind, called: str, resource: str) -> str:
        """The name of a node; of two of one kind and name, the second is told by its whole id."""
        return resource if f"{self._env}/{kind}/{called}" in self._nodes else called

    def _bears_more(self, known: Node, bearing: Iterable[Finding]) -> Node:
        """The same node, with further findings."""
        prints = dict.fromkeys((*known.findings, *(finding.fingerprint for finding in bearing)))
        made = self._nodes[known.id] = replace(known, findings=tuple(prints))
        return made

    def _of(self, findings: Iterable[Finding], *aspects: Aspect) -> list[Finding]:
        """The findings of rules that bear on one of these."""
        return [finding for finding in findings if self._aspects.get(finding.rule) in aspects]

    @property
    def arrows(self) -> tuple[Arrow, ...]:
        """All of them, in the order in which they are documented."""
        return tuple(self._arrows.values())

    def holder_of(self, service: DesiredService) -> Node | None:
        """The node of the identity that a service acts as."""
        return self._holders.get(key(service.identity.id if service.identity is not None else service.id))

    def principal(self, object_id: str) -> Node | None:
        """The node of a person, group or pipeline."""
        return self._holders.get(object_id.casefold())

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them, in the order in which they are documented."""
        return tuple(self._nodes.values())

    def named(self, kind: NodeKind, called: str) -> Node | None:
        """The node of that kind and name, compared without case."""
        return next((n for n in self.nodes if n.kind is kind and n.name.casefold() == called.casefold()), None)

    def at(self, scope: str) -> Node | None:
        """The node that the scope is, or is a part of; of a database and its server, the database."""
        holders = (NodeKind.IDENTITY, NodeKind.PRINCIPAL)
        holding = (n for n in self.nodes if n.kind not in holders and covers(n.resource, scope))
        return max(holding, key=lambda node: len(node.resource), default=None)

    def _of_kind(self, kind: str) -> list[Finding]:
        """Findings about things of that kind."""
        return [finding for (each, _), found in self._about_it.items() if each == kind for finding in found]

    def _about(self, kind: str, *names: str) -> list[Finding]:
        """Findings about things of that kind and of one of these names, or about what they hold."""
        return [finding for one in names for finding in self._about_it.get((kind, one.casefold()), ())]

    def _plan(self, service: DesiredService, seen: Snapshot, bearing: list[Finding]) -> Node:
        """The plan that the app names; services may share it."""
        site = seen.site(service.id).properties
        plan_id = None if isinstance(site, Gap) or site.value is None else site.value.plan_id
        if plan_id is None:
            return self._node(NodeKind.PLAN, f"plan of {service.app}", "", bearing)
        known = self._plans.get(key(plan_id))
        if known is None:
            called = self._told_apart(NodeKind.PLAN, name(plan_id), plan_id)
            made = self._node(NodeKind.PLAN, called, plan_id, bearing)
        else:
            made = self._bears_more(known, bearing)
        self._plans[key(plan_id)] = made
        return made

    def _node(self, kind: NodeKind, called: str, resource: str, bearing: list[Finding], within: str = "") -> Node:
        node = _node(self._env, kind, called, resource, ElementStatus.NOT_SEEN, within, bearing)
        self._nodes[node.id] = node
        return node

    def _arrow(self, source: Node, target: Node, label: str, bearing: list[Finding]) -> None:
        """One arrow for each source, target and label: services may share the source."""
        ends = source.id, target.id, label
        before = self._arrows.get(ends)
        prints = (*(before.findings if before is not None else ()), *(finding.fingerprint for finding in bearing))
        self._arrows[ends] = Arrow(self._env, *ends, ElementStatus.NOT_SEEN, tuple(dict.fromkeys(prints)))


def _node(
    env: str,
    kind: NodeKind,
    called: str,
    resource: str,
    mark: ElementStatus,
    within: str = "",
    bearing: Iterable[Finding] = (),
) -> Node:
    prints = tuple(finding.fingerprint for finding in bearing)
    return Node(f"{env}/{kind}/{called}", env, kind, called, resource, within, mark, prints)


def _whole(expected: Iterable[ExpectedBody]) -> Iterator[ExpectedBody]:
    """The resources that are a part of no documented thing, and are set on none."""
    alone = [one for one in expected if one.stands_alone]
    ids = {key(one.id) for one in alone}
    for one in alone:
        *above, _ = down_to(one.id)
        if one.of == one.id and ids.isdisjoint(above):
            yield one


def _tells_of(database: str, finding: Finding) -> bool:
    """Whether a finding about a server's databases says if this one is there; a failure does only of those it
    names."""
    return not counts(finding) or any(covers(fact.at, database) for fact in finding.evidence)


_Extra = tuple[Node, Node, str, str]


def _extra(
    wanted: Desired,
    seen: Snapshot,
    findings: tuple[Finding, ...],
    documented: _Documented,
    aspects: Mapping[str, Aspect],
) -> Iterator[_Extra]:
    """Source, target, label and fingerprint of every undocumented access that a failure's evidence shows."""
    shown = [(finding, fact) for finding in findings if counts(finding) for fact in finding.evidence]
    holders = _RoleHolders(wanted, seen, findings[0].env) if any(fact.principal for _, fact in shown) else None
    for finding, fact in shown:
        if holders is not None and fact.principal:
            target = documented.at(finding.subject.id)
            if target is None or target.kind is NodeKind.APP:
                target = documented.at(fact.at.partition(_ASSIGNMENT)[0])
            if target is not None and target.kind is not NodeKind.APP:
                yield holders.node(fact.principal, documented), target, "reaches", finding.fingerprint
        elif aspects.get(finding.rule) is Aspect.FOREIGN_REFERENCES and isinstance(fact.observed, str):
            app, called = documented.at(finding.subject.id), fact.observed
            vault = documented.named(NodeKind.VAULT, called) or _node(
                finding.env, NodeKind.VAULT, called, "", ElementStatus.EXTRA
            )
            if app is not None:
                yield app, vault, "refers to", finding.fingerprint


class _RoleHolders:
    """Who holds undocumented access in one environment, by object id."""

    def __init__(self, wanted: Desired, seen: Snapshot, env: str) -> None:
        self._env = env
        everyone = identities_of(seen, wanted.services, slots_in=env).items
        self._services = {one.principal_id.casefold(): one for one in reversed(everyone)}
        want = wanted.environments[env]
        places = dict.fromkeys((*want.ids, want.resource_group_id))
        assigned = [one for place in places for one in seen.access(place).assignments.items]
        self._kinds = {one.principal_id.casefold(): one.principal_type for one in assigned if one.principal_type}

    def node(self, principal_id: str, documented: _Documented) -> Node:
        """The node of a service's identity in this environment, else a stranger with what is known of it."""
        who = principal_id.casefold()
        one = self._services.get(who)
        own = documented.principal(who)
        if one is not None and one.service.env == self._env:
            drawn = one.service.identity
            own = documented.holder_of(one.service) if drawn is None or one.named(drawn.name) else None
        if own is not None:
            return own
        called = one.words if one is not None else f"{self._kinds.get(who, 'principal')} {principal_id}"
        return _node(self._env, NodeKind.STRANGER, called, principal_id, ElementStatus.EXTRA)


def _found_at(node: Node, extra: Iterable[_Extra]) -> Node:
    prints = dict.fromkeys(one[3] for one in extra if node.id in (one[0].id, one[1].id))
    return replace(node, findings=tuple(prints))


def _united(extra: Iterable[_Extra]) -> Iterator[Arrow]:
    """One arrow for each source, target and label, in the order in which they were found."""
    arrows: dict[tuple[str, str, str], Arrow] = {}
    for source, target, label, found in extra:
        new = Arrow(source.env, source.id, target.id, label, ElementStatus.EXTRA, (found,))
        old = arrows.get((source.id, target.id, label), new)
        arrows[source.id, target.id, label] = replace(old, findings=tuple(dict.fromkeys((*old.findings, found))))
    yield from arrows.values()
