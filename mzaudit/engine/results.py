"""The report: every obligation's finding, the ledger of reads, the picture. Lossless; every format is drawn from it.

The shapes are those of the JSON report, so that the same declarations write it, read it back and give its schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mzaudit.engine.verdict import Evidence, Fix
from mzaudit.policy.enums import Severity
from mzaudit.policy.requirements import Requirement
from mzaudit.snapshot.estate import Read
from mzaudit.snapshot.observed import Gap

SCHEMA_VERSION = "2"


class Status(StrEnum):
    """What became of an obligation. Waived lies over a failure; the verdict stays what it was."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"


class Gate(StrEnum):
    """What a pipeline does with this report."""

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class SubjectName:
    """What a finding is about, in the policy's words, and its resource id."""

    kind: str
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class WaiverNote:
    """The waiver that covers a finding, or covered it until it expired. `expires` is a date, end of day UTC."""

    reason: str
    owner: str
    expires: str
    ticket: str
    where: str
    expired: bool


@dataclass(frozen=True, slots=True)
class OverrideNote:
    """What the policy makes of the rule for this subject: off (`severity` is None), or of another severity; `where` is
    the line that says so."""

    severity: Severity | None
    reason: str
    where: str


class BaselineState(StrEnum):
    """What became of a finding since an earlier report. Resolved is only what was seen to be as wanted."""

    NEW = "new"
    UNCHANGED = "unchanged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class BaselineNote:
    """A finding against an earlier report. `first_seen` is the `started` of the first report that had it, by Azure's
    clock in UTC; of a new one it is earlier than this run's where the finding failed before, but not like this."""

    state: BaselineState
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who changed the resource of a failure last, by Azure's records, which tell of the resource and not of what fails.

    Without `at` there is no such record, and `note` says why. `by` holds a person's name only where names were asked
    for; `inside` says whether that was a pipeline that the policy knows, by the name `pipeline`, and is none where
    that cannot be told. Of a failure about several resources it is about the first, `resource` says which, and `others`
    are those of the others.
    """

    at: datetime | None
    by: str
    inside: bool | None
    pipeline: str
    operation: str
    record: str
    note: str
    resource: str = ""
    others: tuple[Attribution, ...] = ()

    @property
    def each(self) -> tuple[Attribution, ...]:
        """Itself, and those of the other resources."""
        return (self, *self.others)


@dataclass(frozen=True, slots=True)
class Cause:
    """A finding that explains another of the same environment: the code of its rule, the name of its subject."""

    rule: str
    subject: str

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one obligation.

    `note` is the rule's sentence (why it failed, why it does not apply); `cause` names the finding that explains a
    not-applicable one; `gaps` are what an inconclusive one could not see; `policy` is the line that asks for it;
    `override` is set where the policy says something else of the rule than the rule itself;
    `baseline` is set in a run with a baseline on what fails, is waived or inconclusive, and on what is resolved.
    """

    rule: str
    slug: str
    title: str
    env: str
    subject: SubjectName
    status: Status
    severity: Severity
    note: str
    evidence: tuple[Evidence, ...]
    gaps: tuple[Gap, ...]
    requirements: tuple[str, ...]
    policy: str
    cause: Cause | None
    remediation: str
    fix: Fix | None
    waiver: WaiverNote | None
    fingerprint: str
    baseline: BaselineNote | None = None
    attribution: Attribution | None = None
    override: OverrideNote | None = None

    @property
    def off(self) -> bool:
        """Whether the policy switches the rule off for this subject, so that nothing was judged."""
        return self.override is not None and self.override.severity is None

    @property
    def as_cause(self) -> Cause:
        """What another finding of this environment names where this one explains it."""
        return Cause(self.rule, self.subject.name)


class ElementStatus(StrEnum):
    """What the findings say of a part of the picture. Not seen: something about it is inconclusive, or nothing in this
    report was decided about it. Extra: seen, and not documented. Waived: each of its failures is waived."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_SEEN = "not-seen"
    MISSING = "missing"
    EXTRA = "extra"
    WAIVED = "waived"


class NodeKind(StrEnum):
    """What a node stands for: a resource is of a type that has no section in a policy, a principal a documented person,
    group or pipeline, a stranger an undocumented principal that holds access."""

    APP = "app"
    PLAN = "plan"
    IDENTITY = "identity"
    VAULT = "vault"
    SERVER = "server"
    DATABASE = "database"
    REGISTRY = "registry"
    BLOBS = "blobs"
    TELEMETRY = "telemetry"
    RESOURCE = "resource"
    PRINCIPAL = "principal"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Node:
    """One thing of one environment. `id` is unique in the report (`prd/vault/kv-mz-cloud-prd`); `resource` is its ARM
    id, a stranger's object id; `within` the id of the node that holds it (a database's server), else empty; `findings`
    are fingerprints."""

    id: str
    env: str
    kind: NodeKind
    name: str
    resource: str
    within: str
    mark: ElementStatus
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A connection between two nodes of one environment, by their ids: a documented one, or an extra one."""

    env: str
    source: str
    target: str
    label: str
    mark: ElementStatus
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """The picture of the estate: what is documented, what was seen beyond it, and how each part fared."""

    nodes: tuple[Node, ...] = ()
    arrows: tuple[Arrow, ...] = ()


@dataclass(frozen=True, slots=True)
class FurtherAssignment:
    """A role assignment that the policy does not document. `name` is what the policy calls the principal, empty where
    it names none; `role` is its name, or its GUID where the definition was not seen."""

    principal: str
    principal_type: str
    name: str
    role: str
    scope: str
    conditional: bool


@dataclass(frozen=True, slots=True)
class FurtherAccess:
    """Who else holds a role on the documented things, above them or within them: told, and not judged. `gaps` are why
    it may be more, or somebody whom the policy documents."""

    assignments: tuple[FurtherAssignment, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class RuleNote:
    """A rule that this run asked: `severity` is its own (the policy may weigh a finding differently), `page` its
    documentation in Markdown, `depends_on` the codes of the rules that are answered before it."""

    code: str
    slug: str
    title: str
    severity: Severity
    requirements: tuple[str, ...]
    page: str
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Who made the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The earlier report that a run was compared with: its file, when its state was read (UTC, by Azure's clock), and
    whether only new violations break the gate (`--gate new`)."""

    report: str
    started: datetime
    only_new: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `started` is when the state was read (UTC); `complete` is whether nothing stayed inconclusive;
    `identity` is who read it; `policy` names the files; `warnings` are things about the run itself (waivers);
    `skew` is by how many minutes Azure's clock was ahead of the one that `started` is by, 0 up to five."""

    env: tuple[str, ...]
    started: datetime
    complete: bool
    source: str
    identity: str
    policy: str
    fail_on: Severity
    allow_incomplete: bool
    warnings: tuple[str, ...] = ()
    baseline: Baseline | None = None
    skew: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """How many findings of each status, and what the gate says."""

    passed: Annotated[int, Field(alias="pass")]
    failed: Annotated[int, Field(alias="fail")]
    inconclusive: int
    not_applicable: int
    waived: int
    gate: Gate


@dataclass(frozen=True, slots=True)
class Report:
    """One run's whole result, sorted: environment, rule, subject. `rules` are those that it has findings of,
    `requirements` the policy's catalogue; `further_access` is None where the policy does not ask for it."""

    schema_version: str
    tool: Tool
    run: Run
    summary: Summary
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...]
    topology: Topology
    rules: tuple[RuleNote, ...]
    requirements: tuple[Requirement, ...]
    further_access: FurtherAccess | None = None

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments of the run."""
        return self.run.env

    @property
    def only_new(self) -> bool:
        """Whether violations that the baseline had too do not break the gate."""
        return self.run.baseline is not None and self.run.baseline.only_new
