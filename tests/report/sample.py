"""Hand-made reports: one of every status as a real run has them, and the same shapes filled with hostile text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from mzaudit.cli.evaluation import judge
from mzaudit.diagram.element_status import marked
from mzaudit.engine.baseline import mark
from mzaudit.engine.gate import summarise
from mzaudit.engine.results import (
    SCHEMA_VERSION,
    Arrow,
    Baseline,
    Cause,
    ElementStatus,
    Finding,
    FurtherAccess,
    FurtherAssignment,
    Node,
    NodeKind,
    Report,
    RuleNote,
    Run,
    Status,
    SubjectName,
    Tool,
    Topology,
    WaiverNote,
)
from mzaudit.engine.verdict import Evidence, Fix
from mzaudit.policy.loader.load import load
from mzaudit.policy.models import Severity
from mzaudit.policy.requirements import Requirement
from mzaudit.rules import vocabulary
from mzaudit.snapshot.estate import Read
from mzaudit.snapshot.observed import Gap, GapReason
from tests.bent_estates import ESTATES
from tests.blindfold import blind
from tests.built_estate import POLICIES, compliant, wanted

VAULT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-monozu-prd"
    "/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd"
)
WAIVER = WaiverNote(
    "The old export job needs it until it moves.", "team-cloud", "2026-12-31", "MZ-41", "policies/waivers.yaml:3", False
)
REQUIREMENTS = (
    Requirement(
        id="DOC-16",
        text="The vault holds its secrets.",
        section="Vaults",
        answered_by=("KV-003", "KV-004"),
        manual=None,
    ),
    Requirement(id="DOC-27", text="The full list is elsewhere.", section="Vaults", manual="Compare the two lists."),
)
UNREADABLE = Gap(
    GapReason.FORBIDDEN,
    f"GET {VAULT}/secrets",
    VAULT,
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "ForbiddenByRbac",
)
WALLED = Gap(GapReason.FIREWALL, "CONNECT sql-monozu-prd.database.windows.net:1433", "sql-monozu-prd", "", "40615")

# What whoever may name an Azure resource could write; each has fooled some reader of reports.
HOSTILE = {
    "azure pipelines ends green": "##vso[task.complete result=Succeeded;done=true]",
    "azure pipelines group": "##[group]x",
    "azure pipelines in the middle": "name ##VSO[task.setvariable variable=PATH]x",
    "github command": "::set-output name=x::y",
    "github command after space": "  ::error file=a::b",
    "cdata end": "]]><evil/>",
    "terminal colours": "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "lone high surrogate": "kv\ud800",
    "lone low surrogate": "\udfffkv",
    "non-characters": "a\ufffeb\uffffc\ufdd0d\U0001fffe",
    "attachment": "[[ATTACHMENT|/etc/passwd]]",
    "property": "[[PROPERTY|owner=x]]",
    "markdown": "**b** _i_ ~~s~~ `c` [l](javascript:x) ![i](http://evil.example/x.png) <https://evil.example>",
    "markdown link bare": "www.evil.example https://evil.example x@evil.example @admin #1 !2 GH-3 :tada: $x^2$",
    "html": "<img src=x onerror=alert(1)></code></details><script>",
    "table": "a | b || c \\| d",
    "fence": "```\n# heading\n```",
    "backticks": "`````` ` ``",
    "right to left": "abc\u202egpj.exe\u2066x\u2069\u200f",
    "zero width": "##\u200bvso[x]\ufeff\u00ad",
    "line ends": "a\r\nb\u2028c\u2029d\x85e\x0bf\x0cg",
    "controls": "\x00\x01\x08\x7f\x9b31m",
    "shell": "$(touch /tmp/x) `id` ; rm -rf / \n touch y",
    "entities": "&lt;b&gt; &#60; &amp;",
    "emoji and scripts": "näme 名前 🙂",
    "spaces only": "   ",
    "empty": "",
    "long": "x" * 100_000,
    "long words": "word " * 20_000,
}


def finding(
    rule: str,
    name: str,
    status: Status,
    *,
    title: str = "The documented secret is in the vault",
    slug: str = "secret-present",
    kind: str = "secret",
    severity: Severity = Severity.CRITICAL,
    note: str = "",
    evidence: tuple[Evidence, ...] = (),
    gaps: tuple[Gap, ...] = (),
    cause: Cause | None = None,
    remediation: str = "",
    fix: Fix | None = None,
    waiver: WaiverNote | None = None,
    env: str = "prd",
) -> Finding:
    """One finding; what is not given is as short as it may be."""
    return Finding(
        rule=rule,
        slug=slug,
        title=title,
        env=env,
        subject=SubjectName(kind, name, f"{VAULT}/{name}"),
        status=status,
        severity=severity,
        note=note,
        evidence=evidence,
        gaps=gaps,
        requirements=("DOC-16", "DOC-17"),
        policy="policies/monozu.yaml:41",
        cause=cause,
        remediation=remediation,
        fix=fix,
        waiver=waiver,
        fingerprint=hashlib.sha256(f"{rule}{env}{kind}{name}".encode("utf-8", "surrogatepass")).hexdigest()[:32],
    )


def report(
    findings: Iterable[Finding],
    *,
    fail_on: Severity = Severity.MEDIUM,
    allow_incomplete: bool = False,
    source: str = "azure",
    env: tuple[str, ...] = ("prd",),
    warnings: tuple[str, ...] = (),
    topology: Topology | None = None,
) -> Report:
    """A whole report over these findings, its counts and marks made as the product makes them."""
    held = tuple(findings)
    summary = summarise(held, fail_on)
    run = Run(
        env=env,
        started=datetime(2026, 11, 23, 2, 30, 0, tzinfo=UTC),
        complete=not summary.inconclusive,
        source=source,
        identity="mzaudit-reader (object 9f8e0000-0000-0000-0000-00000000a91f) by workload identity",
        policy="policies/monozu.yaml",
        fail_on=fail_on,
        allow_incomplete=allow_incomplete,
        warnings=warnings,
    )
    reads = (
        Read(f"GET {VAULT}", VAULT, "ok", "Microsoft.KeyVault/vaults/read"),
        Read(f"GET {VAULT}/secrets/SECRET-KEY", VAULT, "absent", "Microsoft.KeyVault/vaults/secrets/read"),
        Read(UNREADABLE.call, VAULT, "forbidden", UNREADABLE.permission),
    )
    picture = marked(topology or Topology(), held)
    return Report(
        SCHEMA_VERSION, Tool("mzaudit", "0.1.0"), run, summary, reads, held, picture, _rules(held), REQUIREMENTS
    )


def _rules(findings: Iterable[Finding]) -> tuple[RuleNote, ...]:
    first = {f.rule: f for f in reversed(list(findings))}
    page = "## What it checks\nThat it holds, in `KEY|…`\nand everywhere.\n\n## Remediation\nMake it hold."
    return tuple(RuleNote(f.rule, f.slug, f.title, f.severity, f.requirements, page) for _, f in sorted(first.items()))


MISSING = finding(
    "KV-003",
    "kv-mz-cloud-prd/SECRET_KEY",
    Status.FAIL,
    note="The secret SECRET_KEY (stored as SECRET-KEY) is not in kv-mz-cloud-prd.",
    evidence=(Evidence(f"{VAULT}/secrets/SECRET-KEY", "exists", "absent"),),
    remediation="Set the secret from its source of truth.",
    fix=Fix(
        "Key Vault Secrets Officer",
        ("az keyvault secret set --vault-name kv-mz-cloud-prd --name SECRET-KEY --file SECRET_FILE",),
    ),
)
EXPOSED = finding(
    "SET-004",
    "manage/SMTP_PASSWORD",
    Status.FAIL,
    title="No credential stands in clear",
    slug="no-plaintext-credentials",
    kind="setting",
    note="The setting holds a literal value and its name says password.",
    evidence=(Evidence("app-monozu-manage-prd/config/appsettings/SMTP_PASSWORD", "vault reference", "literal value"),),
    remediation="Store the value in kv-mz-manage-prd, refer to it, and rotate it: it was readable.",
    fix=Fix(
        "Website Contributor",
        (
            "az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-manage-prd"
            " --setting-names SMTP_PASSWORD",
        ),
        "siteConfig.appSettings",
    ),
)
NO_RESTART = finding(
    "APP-004",
    "ingest",
    Status.FAIL,
    title="The plan is as large as recommended",
    slug="plan-recommended",
    kind="service",
    severity=Severity.LOW,
    note="The plan is P1v3: 2 cores, 8 GB; recommended is P2v3: 4 cores, 16 GB.",
    evidence=(
        Evidence("asp-monozu-prd/sku.name", "P2v3", "P1v3"),
        Evidence("asp-monozu-prd/cores", 4, 2),
        Evidence("asp-monozu-prd/zoneRedundant", None, True, "not asked for"),
    ),
    remediation="Scale the plan up.",
    fix=Fix("Website Contributor", ("az appservice plan update --name asp-monozu-prd --sku P2V3",)),
)


FURTHER = FurtherAccess(
    (
        FurtherAssignment(
            "77aa0000-0000-0000-0000-00000000a91f", "Group", "", "Key Vault Secrets Officer", VAULT, conditional=True
        ),
        FurtherAssignment(
            "77bb0000-0000-0000-0000-00000000a91f",
            "ServicePrincipal",
            "release pipeline",
            "Contributor",
            "/subscriptions/00000000-0000-0000-0000-000000000001",
            conditional=False,
        ),
    ),
    (UNREADABLE,),
)


def night() -> Report:
    """What a bad night looks like: every status, dependants, two cures, a waiver and one that expired."""
    found = [
        finding("APP-001", "cloud", Status.PASS, kind="service", slug="service-exists", title="The service exists"),
        finding("APP-001", "manage", Status.PASS, kind="service", slug="service-exists", title="The service exists"),
        NO_RESTART,
        finding(
            "IMG-006",
            "cloud",
            Status.NOT_APPLICABLE,
            kind="service",
            slug="expected-commit",
            title="The expected commit runs",
            note="No commit was given with --expect-image.",
        ),
        MISSING,
        *(
            finding("KV-006", f"CLOUD_{name}", Status.INCONCLUSIVE, slug="shared-secrets-equal", gaps=(UNREADABLE,))
            for name in ("INTERNAL_API_TOKEN", "WEBHOOK_HMAC_SECRET")
        ),
        finding(
            "KV-005",
            "kv-mz-cloud-prd/OLD_EXPORT",
            Status.WAIVED,
            severity=Severity.LOW,
            title="No secret is undocumented",
            slug="secret-undocumented",
            note="The vault holds OLD-EXPORT, which is not documented.",
            evidence=(Evidence(f"{VAULT}/secrets", (), ("OLD-EXPORT",)),),
            remediation="Document it or remove it.",
            waiver=WAIVER,
        ),
        finding(
            "RBAC-003",
            "kv-mz-cloud-prd",
            Status.FAIL,
            kind="vault",
            severity=Severity.MEDIUM,
            title="Nobody else reads the vault",
            slug="vault-readers",
            note="1 principal that the policy does not name can read secrets.",
            evidence=(Evidence(f"{VAULT} role assignments", ("none",), ("group 77aa (Key Vault Secrets User)",)),),
            remediation="Remove the assignment, or name the principal in the policy.",
            waiver=replace(WAIVER, expires="2026-11-01", expired=True),
        ),
        *(
            finding(
                rule,
                "cloud/SECRET_KEY",
                Status.NOT_APPLICABLE,
                kind="setting",
                slug=slug,
                cause=Cause("KV-003", "kv-mz-cloud-prd/SECRET_KEY"),
                note="Explained by KV-003 kv-mz-cloud-prd/SECRET_KEY: the reference does not resolve.",
            )
            for rule, slug in (("SET-002", "reference-resolved"), ("SET-003", "reference-current"))
        ),
        EXPOSED,
        finding(
            "SQL-007",
            "db-monozu-cloud-prd",
            Status.INCONCLUSIVE,
            kind="database",
            slug="row-level-security",
            gaps=(WALLED, UNREADABLE),
        ),
    ]
    found.sort(key=lambda f: (f.rule, f.subject.name))
    made = report(
        found,
        warnings=("policies/waivers.yaml:9: the waiver of KV-008 covers nothing",),
        topology=_picture(found),
    )
    return replace(made, further_access=FURTHER)


def _picture(found: Iterable[Finding]) -> Topology:
    """An app, its identity, its vault, its database, and a group that reads the vault."""
    prints = {name: tuple(f.fingerprint for f in found if f.rule.startswith(name)) for name in _DRAWN}

    def node(kind: NodeKind, name: str, rule: str, mark: ElementStatus = ElementStatus.NOT_SEEN) -> Node:
        return Node(f"prd/{kind}/{name}", "prd", kind, name, f"{VAULT}/{kind}", "", mark, prints[rule])

    app = node(NodeKind.APP, "app-monozu-cloud-prd", "APP-001")
    identity = node(NodeKind.IDENTITY, "app-monozu-cloud-prd", "RBAC-006")
    vault = node(NodeKind.VAULT, "kv-mz-cloud-prd", "KV-")
    database = node(NodeKind.DATABASE, "db-monozu-cloud-prd", "SQL-007")
    group = node(NodeKind.STRANGER, "Group 77aa", "RBAC-003", ElementStatus.EXTRA)
    return Topology(
        (app, identity, vault, database, group),
        (
            Arrow("prd", app.id, identity.id, "has", ElementStatus.NOT_SEEN, prints["APP-001"]),
            Arrow("prd", identity.id, vault.id, "reads secrets of", ElementStatus.NOT_SEEN, prints["SET-"]),
            Arrow("prd", identity.id, database.id, "uses", ElementStatus.NOT_SEEN, ()),
            Arrow("prd", group.id, vault.id, "reaches", ElementStatus.EXTRA, prints["RBAC-003"]),
        ),
    )


_DRAWN = ("APP-001", "KV-", "RBAC-003", "RBAC-006", "SET-", "SQL-007")


def compared(*, only_new: bool = False) -> Report:
    """The bad night against an earlier report: what failed as it does now, what failed otherwise, what is mended."""
    made = night()
    mended = replace(made.findings[0], status=Status.FAIL, note="It was not there.")
    weaker = replace(MISSING, evidence=(Evidence("elsewhere", "exists", "absent"),))
    run = replace(made.run, started=datetime(2026, 11, 1, 2, 30, 0, tzinfo=UTC))
    earlier = replace(made, run=run, findings=(mended, weaker, *(f for f in made.findings[2:] if f.rule == "SET-004")))
    marked = mark(made.findings, made.run.started, earlier)
    baseline = Baseline("reports/last.json", run.started, only_new)
    return replace(
        made,
        run=replace(made.run, baseline=baseline),
        findings=marked,
        summary=summarise(marked, made.run.fail_on, only_new=only_new),
    )


def hostile(text: str) -> Report:
    """Every field that anybody but us could have written, filled with `text`, in each status."""
    gap = Gap(GapReason.MALFORMED, text, text, text, text)
    waiver = WaiverNote(text, text, text, text, text, False)
    held = []
    for status in Status:
        made = finding(
            "KV-003",
            text,
            status,
            title=text,
            slug=text,
            kind=text,
            note=text,
            evidence=(Evidence(text, text, (text, text), text),),
            gaps=(gap,) if status is Status.INCONCLUSIVE else (),
            cause=Cause(text, text) if status is Status.NOT_APPLICABLE else None,
            remediation=text,
            fix=Fix(text, (text,), text),
            waiver=waiver if status is Status.WAIVED else None,
        )
        held.append(
            replace(made, subject=SubjectName(text, f"{text}{status}", text), requirements=(text,), policy=text)
        )
    ends = tuple(
        Node(f"{side}{text}", "prd", kind, text, text, text, ElementStatus.EXTRA, tuple(f.fingerprint for f in held))
        for side, kind in (("from ", NodeKind.STRANGER), ("to ", NodeKind.VAULT))
    )
    way = Arrow("prd", ends[0].id, ends[1].id, text, ElementStatus.EXTRA, ends[0].findings)
    whole = report(held, warnings=(text,), topology=Topology(ends, (way,)))
    return replace(
        whole,
        run=replace(whole.run, identity=text, policy=text, source=text),
        reads=(Read(text, text, text, text),),
        rules=tuple(replace(rule, page=f"## What it checks\n{text}") for rule in whole.rules),
        further_access=FurtherAccess((FurtherAssignment(text, text, text, text, text, conditional=True),), (gap,)),
        requirements=tuple(
            one.model_copy(update=dict.fromkeys(("text", "section", "manual"), f"said {text}")) for one in REQUIREMENTS
        ),
    )


@cache
def judged(estate: str, *asked: str) -> Report:
    """The report of one of the bent estates, judged as `mzaudit check` judges it; `blind` is one that nobody saw."""
    seen = blind(compliant()) if estate == "blind" else ESTATES[estate]()
    return judge(load(POLICIES, vocabulary()), wanted(*asked), seen, fail_on=Severity.MEDIUM)
