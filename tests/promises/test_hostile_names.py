"""Text that whoever names an Azure resource, answers in Azure's place, or writes a policy or a report may choose: every
format stays valid, inert and whole, and the exit code what it was."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import jsonschema
import lxml.html
import pytest
from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mzaudit.report import FORMATS, render
from mzaudit.report.dialect import AZURE_PULL_REQUEST, AZURE_SUMMARY, GITHUB, Dialect
from mzaudit.report.formats import json as json_report
from mzaudit.simulator import (
    Alter,
    Estate,
    Fault,
    SimulatedManifest,
    SimulatedSecret,
    StatusFault,
    Version,
    canary,
    grant_custom_role,
)
from mzaudit.simulator.sql.contents import SqlColumn, SqlPredicate, SqlSecurityPolicy, Table
from mzaudit.snapshot.saved.store import dump
from tests.built_estate import compliant, service, setting
from tests.cli.conftest import Outcome
from tests.documented_estate import build
from tests.promises.conftest import EXHAUSTIVE
from tests.report.sample import HOSTILE, hostile
from tests.report.schemas import FOLDER, OCSF, SARIF, json_validator
from tests.report.test_csv import computed
from tests.report.test_junit import SCHEMAS
from tests.report.test_markdown import PICTURE

Call = Callable[..., Outcome]
Counted = Callable[[str, int], None]
FILES = tuple(part for name in FORMATS for part in ("-o", f"{name}:out.{name}"))

TEXTS = {
    "ends green": "##vso[task.complete result=Succeeded;done=true]",
    "ends green, folded": "x\r\n##VSO[task.complete result=Succeeded;done=true]\u2028##[error]y",
    "github": "::error file=a,line=1::b\n::set-output name=x::y\n  ::add-mask::z",
    "terminal": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\\x9b1m",
    "cdata": "]]></failure><testcase name='x'/><![CDATA[",
    "entities": "&lt;b&gt; &#60; &amp; &nope; %41%0A %AZP25",
    "controls": "a\x00b\x01c\x08d\x7fe\x85f\x0b\x0cg",
    "non-characters": "a\ufffeb\uffffc\ufdd0d\U0001fffe",
    "markdown": "**b** `c` [l](javascript:x) ![i](http://evil.example/x.png) <https://evil.example> | x |\n# h\n- - -",
    "bare links": "www.evil.example https://evil.example x@evil.example @admin #1 !2 :tada: $x^2$",
    "html": "<img src=x onerror=alert(1)></code></details><script>alert(1)</script><!--",
    "attachment": "[[ATTACHMENT|/etc/passwd]] [[PROPERTY|owner=x]]",
    "formula": "=cmd|' /C calc'!A0",
    "formulae": "+1+1 -1+1 @SUM(1) \t=1 \r=1",
    "right to left": "abc\u202egpj.exe\u2066x\u2069\u200f\u200b\ufeff",
    "shell": "'; touch pwned; echo '$(touch pwned)`touch pwned`\"\n touch pwned\n#",
    "fence": "```\n~~~\n````",
    "template": "{{ 7*7 }} ${7*7} {0} %s %(x)s [bold]x[/bold] [/] {% raw %}",
    "long": "x" * 100_000,
    "long words": "word; " * 17_000,
}
LONE = {"lone high surrogate": "kv\ud800", "lone low surrogate": "\udfffkv"}
# In one name at once: what a sample tries in the places that hold one text only.
TOGETHER = " ".join(text for text in TEXTS.values() if len(text) < 1000)
SINGLE = TEXTS if EXHAUSTIVE else {"together": TOGETHER, "long": TEXTS["long"]}
SAMPLE = ("ends green, folded", "shell", "terminal", "html")
SAVED: dict[str, str] = HOSTILE | TEXTS
LONE_SAVED = ("lone high surrogate",)
CALM = "calm"
# What `_bend_database` makes fail.
INSIDE = {f"{rule} db-monozu-cloud-prd" for rule in ("SQL-006", "SQL-007", "SQL-008")}
INSIDE |= {"SQL-004 cloud/db-monozu-cloud-prd"}


def bent(texts: Iterable[str], one: str) -> Estate:
    """A conforming estate with the texts wherever there may be many, and with `one` wherever there is one."""
    estate = build("compliant")
    cloud = estate.site("app-monozu-cloud-prd")
    key = str(cloud["id"]).casefold()
    vault = str(estate.vault("kv-mz-cloud-prd")["id"])
    cloud["tags"] = {}
    for number, text in enumerate(texts):
        estate.settings[key][f"KEY_{text}"] = canary("key")
        estate.settings[key][f"REF_{text}"] = f"@Microsoft.KeyVault(VaultName=kv-other;SecretName={text})"
        estate.settings[key][f"ODD_{text}"] = f"@Microsoft.KeyVault(VaultName=kv-other;{text})"
        estate.connection_strings.setdefault(key, {})[f"C_{text}"] = {"value": f"Password={canary()}", "type": text}
        mount = {"type": text, "accountName": text, "shareName": text, "accessKey": canary(), "mountPath": text}
        estate.storage_mounts.setdefault(key, {})[text] = mount
        cloud["tags"][text] = text
        estate.secrets["kv-mz-cloud-prd"][text] = SimulatedSecret([Version(f"{number:032}", canary(), estate.days(-9))])
        role = grant_custom_role(estate, f"role {number}", ["*"])
        estate.role_definitions[role]["properties"] |= {"roleName": text, "description": text}
        estate.role_definitions[role]["properties"]["permissions"][0]["dataActions"] = ["*"]
        estate.assign(f"{number:08}-0000-0000-0000-000000000000", role, vault, principal_type=text)
        odd = estate.assign(f"{number:08}-1111-0000-0000-000000000000", "Key Vault Secrets User", vault)
        odd["properties"] |= {"principalId": text, "condition": text}
        estate.images["cloud-backend"][text] = SimulatedManifest(text, text)
        _bend_database(estate, number, text)
    ingest = estate.site("app-monozu-ingest-prd")
    ingest["properties"]["state"] = one
    ingest["location"] = one
    ingest["kind"] = f"app,linux,container,{one}"
    config = estate.site_config("app-monozu-ingest-prd")
    config["linuxFxVersion"] = f"DOCKER|{one}:{one}"
    estate.site_config("app-monozu-manage-prd")["linuxFxVersion"] = one
    for setting_name in list(estate.site_settings("app-monozu-manage-prd"))[:3]:
        estate.reference_status[(str(estate.site("app-monozu-manage-prd")["id"]).casefold(), setting_name)] = one
    component = estate.named("microsoft.insights/components", "appi-monozu-prd")
    component["properties"]["ConnectionString"] = one
    plan = estate.named("Microsoft.Web/serverfarms", "asp-monozu-prd")
    plan["sku"] |= {"name": one, "tier": one}
    return estate


def _bend_database(estate: Estate, number: int, text: str) -> None:
    """Users, roles, tables, policies and migrations of that name, each of which a rule complains of."""
    inside = estate.database("db-monozu-cloud-prd")
    short = text.encode("utf-8", "ignore").decode()[:100]  # a sysname holds 128 characters, and no half ones
    user, role, table, guarded = (f"{letter}{number} {short}" for letter in "urtg")
    # Of a name that can be shown the command stands there to be run: then only its quotes keep it inert.
    seen = "".join(letter if letter.isprintable() else " " for letter in short)
    inside.create_password_user(f"s{number} {seen}", "db_owner")
    inside.create_password_user(user, "db_owner")
    inside.create_role(role, "db_securityadmin")
    inside.add_member(role, "app-monozu-cloud-prd")
    inside.grant(user, "CONTROL")
    for name in (table, guarded):
        inside.tables.append(Table("dbo", name, [SqlColumn("tenant_id", "uniqueidentifier")]))
    inside.grant("app-monozu-cloud-prd", "SELECT", "OBJECT_OR_COLUMN", f"dbo.{table}")
    predicates = [SqlPredicate(f"dbo.{guarded}", "FILTER", "x"), SqlPredicate(f"dbo.{guarded}", "BLOCK", "x")]
    inside.policies.append(SqlSecurityPolicy("sec", f"p{number} {short}", predicates, enabled=False))
    rows = inside.table("dbo.flyway_schema_history").rows
    rank = len(rows) + 1
    rows.append((rank, str(rank), short, "SQL", "x.sql", 1, short, estate.midnight, 1, False))


OWN_TAGS = set(
    re.findall(
        r"\w+",
        "html head meta title style body svg symbol circle path rect polygon text tspan desc use g a header p h1 h2 h3"
        " h4 span small strong b nav ul li main section figure figcaption div table caption thead tbody tr th td code"
        " pre article dl dt dd footer",
    )
)

# A line that a pipeline would obey. Azure Pipelines looks anywhere in a line, GitHub at its start.
COMMAND = re.compile(r"##(vso|\[)", re.IGNORECASE)
START = re.compile(r"^\s*::", re.MULTILINE)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
OWN_COLOUR = re.compile("\x1b\\[[0-9;]*m")


def assert_inert(text: str, what: str) -> None:
    assert not COMMAND.search(text), what
    assert not START.search(text), what
    strange = OBEYED.search(text)
    assert not strange, f"{what}: {strange and text[max(0, strange.start() - 80) : strange.start() + 20]!r}"


def assert_valid(folder: Path, findings: int | None = None) -> None:
    """Every written format is what its readers take it for, and holds every finding."""
    report = json.loads((folder / "out.json").read_text("utf-8"))
    jsonschema.validate(report, json.loads(json_report.schema()))
    count = len(report["findings"])
    assert findings is None or count == findings
    prints = [one["fingerprint"] for one in report["findings"]]
    lines = (folder / "out.jsonl").read_text("utf-8").split("\n")[1:-1]
    assert [json.loads(line)["fingerprint"] for line in lines] == prints
    assert_for_collectors(folder, prints)
    root = etree.fromstring(
        (folder / "out.junit").read_bytes(), etree.XMLParser(resolve_entities=False, huge_tree=True)
    )
    assert len(list(root.iter("testcase"))) == count + 3
    assert "[[" not in (folder / "out.junit").read_text("utf-8")
    for schema in ("jenkins-xunit-plugin-junit-10.xsd", "windyroad-ant-JUnit.xsd"):
        if (SCHEMAS / schema).exists():
            etree.XMLSchema(etree.parse(str(SCHEMAS / schema))).assertValid(root)
    for name, dialect in (("markdown", GITHUB), ("markdown-ado", AZURE_PULL_REQUEST)):
        assert_markdown((folder / f"out.{name}").read_text("utf-8"), dialect)
    assert_plain_markdown((folder / "out.markdown-summary").read_text("utf-8"))
    assert_page((folder / "out.html").read_text("utf-8"))
    assert_script(folder)
    for name in FORMATS:
        assert_inert((folder / f"out.{name}").read_bytes().decode("utf-8"), name)


def assert_for_collectors(folder: Path, prints: list[str]) -> None:
    """SARIF, CSV and OCSF hold every finding, and a reader with the official schemas takes them."""
    sarif, alerts = (json.loads((folder / f"out.{name}").read_text("utf-8")) for name in ("sarif", "sarif-alerts"))
    results = sarif["runs"][0]["results"]
    assert [result["partialFingerprints"]["mzauditFinding/v1"] for result in results] == prints
    assert len(alerts["runs"][0]["results"]) <= len(prints)
    rows = list(csv.DictReader(io.StringIO((folder / "out.csv").read_bytes().decode("utf-8"), newline="")))
    assert [row["fingerprint"] for row in rows] == prints
    assert not any(computed(value) for row in rows for value in row.values())
    events = [json.loads(line) for line in (folder / "out.ocsf").read_text("utf-8").splitlines()]
    assert [event["finding_info"]["uid"] for event in events] == prints
    if FOLDER.exists():
        for schema in SARIF:
            validator = json_validator(schema)
            validator.validate(sarif)
            validator.validate(alerts)
        for schema in OCSF:
            validator = json_validator(schema)
            for event in events:
                validator.validate(event)


ALIVE = {"link_open", "image", "fence", "code_block", "em_open", "s_open", "hr", "blockquote_open", "autolink"}


def _tokens(text: str) -> list[Token]:
    flat = []
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text):
        flat += [token, *(token.children or ())]
    return flat


def assert_plain_markdown(text: str) -> None:
    assert AZURE_SUMMARY.size(text) <= AZURE_SUMMARY.budget
    assert not {token.type for token in _tokens(text)} & (ALIVE | {"html_block", "html_inline"})


def assert_markdown(text: str, dialect: Dialect = GITHUB) -> None:
    assert dialect.size(text) <= dialect.budget
    text = PICTURE.sub("", text)
    flat = _tokens(text)
    assert not {token.type for token in flat} & ALIVE
    tags = set(re.findall(r"<[^>]*>", "".join(t.content for t in flat if t.type in ("html_inline", "html_block"))))
    assert tags <= {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    assert text.count("<code>") == text.count("</code>")
    assert text.count("<details>") == text.count("</details>")
    # Outside of code nothing of a link, an image, a mention or another markup is left.
    ours = re.sub(r"<code>.*?</code>|</?(?:details|summary)>", "", text)
    assert not re.search(r"@|://|www\.|[<>\]`~]", ours)


def assert_page(text: str) -> None:
    """Nothing in the page acts, loads or leads elsewhere, and its policy forbids it to."""
    root = lxml.html.document_fromstring(text)
    assert {str(one.tag) for one in root.iter(etree.Element)} <= OWN_TAGS
    attributes = [(str(name), value) for one in root.iter(etree.Element) for name, value in one.items()]
    assert {value[:1] for name, value in attributes if name in ("href", "src", "xlink:href")} == {"#"}
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("style", "srcset", "action")]
    [style] = root.iter("style")
    digest = base64.b64encode(hashlib.sha256(str(style.text).encode()).digest()).decode()
    [policy] = [one.get("content") for one in root.iter("meta") if one.get("http-equiv")]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert text.count("<!--") == 1


def assert_script(folder: Path) -> None:
    """Bash can read it, and running it (with an az and a sqlcmd that do nothing) starts nothing else."""
    bash = shutil.which("bash") or "bash"
    script = folder / "out.fix"
    assert subprocess.run([bash, "-n", str(script)], capture_output=True, timeout=60).returncode == 0
    room = folder / "room"
    room.mkdir(exist_ok=True)
    for name in ("az", "sqlcmd"):
        (room / name).write_text("#!/bin/sh\nexit 0\n")
        (room / name).chmod(0o755)
    done = subprocess.run(
        [bash, str(script)],
        cwd=room,
        env={"PATH": f"{room}:/usr/bin:/bin", "MZAUDIT_FIX": "reviewed"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == ""
    assert sorted(path.name for path in room.iterdir()) == ["az", "sqlcmd"], "a command from untrusted text ran"


def statuses(folder: Path) -> dict[str, str]:
    findings = json.loads((folder / "out.json").read_text("utf-8"))["findings"]
    return {f"{one['rule']} {one['subject']['name']}": one["status"] for one in findings}


@pytest.mark.parametrize("case", SINGLE)
def test_names_in_azure(
    case: str, mzaudit: Call, folder: Path, azure: Callable[..., object], evidence: Counted
) -> None:
    one = SINGLE[case]
    many = [one[:2000]] if case in TEXTS else [text for text in TEXTS.values() if len(text) < 1000]
    # Longer ones are asked about in vain (no URL holds them) until patience ends: a minute, for the whole enumeration.
    many += [one] if EXHAUSTIVE and len(one) > 2000 else []
    mzaudit("init", "--example", "monozu")
    verdicts = []
    # The calm name stays beside them: what it makes fail must fail still.
    for texts, text in (([CALM], CALM), ([CALM, *many], one)):
        with azure(bent(texts, text)):  # type: ignore[attr-defined]
            said = mzaudit("check", "--env", "prd", "--debug", *FILES)
        assert said.code == 1, said.err[-2000:]
        assert_inert(said.err, "stderr")
        assert_valid(folder)
        verdicts.append(statuses(folder))
        script = (folder / "out.fix").read_text("utf-8").splitlines()
        assert [line for line in script if line.startswith("# sqlcmd ") and "DROP MEMBER [u0 calm]" in line]
        assert {name for name, status in verdicts[-1].items() if status == "fail"} >= INSIDE
    calm, seen = verdicts
    # A name may be too long to be asked about; then it was not seen. It changes no verdict otherwise.
    both = {name: (calm[name], seen[name]) for name in calm.keys() & seen.keys()}
    assert {name: pair for name, pair in both.items() if pair[1] not in (pair[0], "inconclusive")} == {}
    shown = mzaudit("report", "out.json")
    assert shown.code == 0
    assert_inert(shown.out, "stdout")
    assert "GATE FAILED" in shown.out.splitlines()[-1]
    evidence("hostile strings in Azure × formats", len(many) * len(FORMATS))


def test_half_characters_are_no_answer(
    mzaudit: Call, folder: Path, azure: Callable[..., object], evidence: Counted
) -> None:
    """JSON may spell half a surrogate pair, which is no text: what holds one is a gap, never a pass."""
    mzaudit("init", "--example", "monozu")
    for text in LONE.values():
        with azure(bent([text], text)):  # type: ignore[attr-defined]
            said = mzaudit("check", "--env", "prd", "--debug", *FILES)
        assert said.code in (1, 3), said.err[-2000:]
        assert_inert(said.err, "stderr")
        assert_valid(folder)
        assert "inconclusive" in statuses(folder).values()
        evidence("hostile strings in Azure × formats", len(FORMATS))


def _named(text: str) -> Callable[[dict[str, object]], dict[str, object]]:
    """The answer with the text for a type, a region and a link to the next page."""
    return lambda body: body | {"type": text, "location": text, "nextLink": f"https://management.azure.com/{text}"}


ANSWERS: dict[str, Callable[[str], Fault]] = {
    "403": lambda text: Fault("GET .*config/web$", StatusFault(403, _error(text))),
    "404": lambda text: Fault("GET .*vaults/kv-mz-cloud-prd$", StatusFault(404, _error(text))),
    "400, not JSON": lambda text: Fault("GET .*/registries/[^/]*$", StatusFault(400, text)),
    "200, not JSON": lambda text: Fault("GET .*/components/[^/]*$", StatusFault(200, text)),
    "challenge": lambda text: Fault("GET https://kv-mz-manage-prd", StatusFault(401, _error(text), _headers(text))),
    "names": lambda text: Fault("GET .*slots$", Alter(_named(text))),
    "wrong types": lambda text: Fault("POST .*appsettings/list", Alter(lambda body: body | {"properties": [text]})),
    "odd members": lambda text: Fault("GET .*serverfarms", Alter(lambda body: body | {text: text, "sku": {text: 1}})),
}


def _error(text: str) -> dict[str, object]:
    inner = {"code": text, "message": text, "innererror": {"code": text}}
    return {"error": inner | {"details": [inner], "target": text}}


def _headers(text: str) -> dict[str, str]:
    line = "".join(char for char in text if 0x20 <= ord(char) < 0x7F)[:2000]
    names = ("WWW-Authenticate", "x-ms-request-id", "x-ms-correlation-request-id", "Retry-After", "Server", "Location")
    return dict.fromkeys(names, line)


@pytest.mark.parametrize("case", SINGLE)
def test_answers_of_azure(
    case: str, mzaudit: Call, folder: Path, azure: Callable[..., object], evidence: Counted
) -> None:
    mzaudit("init", "--example", "monozu")
    faults = tuple(make(SINGLE[case]) for make in ANSWERS.values())
    with azure("compliant", faults):  # type: ignore[attr-defined]
        said = mzaudit("check", "--env", "prd", "--debug", *FILES)
    assert said.code == 3, said.err[-2000:]
    assert_inert(said.err, "stderr")
    assert_valid(folder)
    refusal: dict[str, object] = {"error": SINGLE[case], "error_description": f"AADSTS7000215: {SINGLE[case]}"}
    with azure("compliant", (Fault("POST .*oauth2/v2.0/token", StatusFault(401, refusal, _headers(SINGLE[case]))),)):  # type: ignore[attr-defined]
        said = mzaudit("check", "--env", "prd", "--debug")
    assert said.code == 4
    assert_inert(said.out + said.err, "stderr of a refused login")
    evidence("hostile answers × formats", len(ANSWERS) * len(FORMATS))


# Where a policy holds words: (the line of the shipped policy, the line with a text for its words).
WORDS = (
    ("title: Cloud Backend API", "title: {}"),
    ("reason: production is held to the recommended plan, the others to the minimum", "reason: {}"),
    ("document: Azure Infrastructure", "document: {}"),
    ("estate: monozu", "estate: {}"),
)
WAIVER = """version: 1
waivers:
  - {{code: KV-003, subject: "*", environment: prd, reason: {0}, owner: {0}, ticket: {0},
     created: 2026-02-15, expires: 2026-03-15}}
  - {{code: APP-001, subject: {0}, environment: prd, reason: x, owner: y, created: 2026-02-15, expires: 2026-03-15}}
"""


def _policies(folder: Path, words: tuple[tuple[str, str], ...], text: str, waivers: str = "") -> None:
    """The shipped policy with a text for some of its words, spelled as YAML lets one spell it."""
    shutil.rmtree(folder / "policies", ignore_errors=True)
    from mzaudit.policy.shipped_policy import files

    (folder / "policies").mkdir()
    spelled = json.dumps(text).replace("\\ud", "\\uFFFD\\x").replace("\x7f", "\\x7f")
    for name, content in files().items():
        for line, mutate in words:
            content = content.replace(line, mutate.format(spelled))
        if name == "waivers.yaml" and waivers:
            content = waivers.format(spelled)
        (folder / "policies" / name).write_text(content, "utf-8")


@pytest.mark.parametrize("case", TEXTS if EXHAUSTIVE else SAMPLE[:2])
def test_words_of_a_policy(case: str, mzaudit: Call, folder: Path, evidence: Counted) -> None:
    """A text is either refused with its line, or taken and harmless."""
    text = TEXTS[case]
    gone = setting(service("cloud"), "SECRET_KEY", None)(compliant())
    (folder / "snapshot.json").write_text(dump(gone))
    taken = 0
    for words, waivers in (((word,), "") for word in WORDS):
        _policies(folder, words, text, waivers)
        taken += _harmless(mzaudit, folder)
    for some in (text, text.replace("\n", " ")[:150]):
        _policies(folder, (), some, WAIVER)
        taken += _harmless(mzaudit, folder)
    _policies(folder, (("  cloud:", "  {}:"),), text)
    taken += _harmless(mzaudit, folder)
    evidence("hostile words in policies × formats", len(FORMATS) * (taken + 1))


def _harmless(mzaudit: Call, folder: Path) -> bool:
    said = mzaudit("check", "--env", "prd", "--snapshot", "snapshot.json", *FILES)
    assert said.code in (1, 2), said.err[-2000:]
    assert_inert(said.err, "stderr")
    assert max(map(len, said.err.splitlines()), default=0) < 5_000
    assert "Traceback" not in said.err
    for command in (("policy", "validate"), ("policy", "requirements")):
        told = mzaudit(*command)
        assert told.code == (0 if said.code == 1 else 2)
        assert_inert(told.out + told.err, " ".join(command))
    if said.code == 2:
        assert re.search(r"policies/\w+\.yaml:\d+: ", said.err)
        return False
    assert_valid(folder)
    return True


@pytest.mark.parametrize("case", SAVED if EXHAUSTIVE else (*LONE_SAVED, *SAMPLE))
def test_a_saved_report(case: str, mzaudit: Call, folder: Path, evidence: Counted) -> None:
    made = hostile(SAVED[case])
    (folder / "saved.json").write_text(render("json", made), "utf-8")
    said = mzaudit("report", "saved.json", *FILES)
    assert said.code == 0, said.err
    assert_valid(folder, len(made.findings))
    for name in FORMATS if EXHAUSTIVE else ("terminal", "json"):
        shown = mzaudit("report", "saved.json", "-o", name)
        assert_inert(shown.out + shown.err, name)
    evidence("hostile strings in saved reports × formats", len(FORMATS))


@pytest.mark.parametrize("case", TEXTS if EXHAUSTIVE else SAMPLE)
def test_a_saved_snapshot(case: str, mzaudit: Call, folder: Path, evidence: Counted) -> None:
    """A snapshot in which every name of a setting, and every free text, is hostile."""
    if not (folder / "policies").exists():
        mzaudit("init", "--example", "monozu")
    plain = json.loads(dump(compliant()))
    _poison(plain, TEXTS[case])
    (folder / "bad.json").write_text(json.dumps(plain), "utf-8")
    said = mzaudit("check", "--env", "prd", "--snapshot", "bad.json", *FILES)
    assert said.code in (0, 1, 3), said.err[-2000:]
    assert_inert(said.err, "stderr")
    assert_valid(folder)
    evidence("hostile strings in saved snapshots × formats", len(FORMATS))


FREE = {"detail", "state", "location", "status", "sku", "kind", "permission", "stack", "role_name", "tag", "image"}
FREE |= {"tool_version", "application_id", "object_id", "credential", "call", "outcome", "problem", "auth"}


def _poison(node: object, text: str) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in FREE and isinstance(value, str):
                node[key] = text
            elif key == "name" and isinstance(value, str) and "value" in node:
                node[key] = f"{value}{text}"
            else:
                _poison(value, text)
    elif isinstance(node, list):
        for value in node:
            _poison(value, text)


@pytest.mark.parametrize("case", TEXTS)
def test_words_of_a_command_line(case: str, mzaudit: Call, folder: Path) -> None:
    """A pipeline's variable in an argument comes back in the complaint, and harmless."""
    text = TEXTS[case].replace("\x00", "")
    mzaudit("init", "--example", "monozu")
    for args in (
        ("report", text),
        ("check", "--env", text),
        ("check", "--env", "prd", "--policy", text),
        ("check", "--env", "prd", "--simulate", "compliant", "-o", f"{text}:x"),
        ("check", "--env", "prd", f"--{text}"),
        ("explain", text),
        (text,),
    ):
        said = mzaudit(*args)
        assert said.code == 2, said.err
        assert_inert(said.out + said.err, str(args)[:80])


def test_the_assertions_can_fail(tmp_path: Path) -> None:
    """Each reader refuses what it must refuse."""
    for text in ("a ##vso[x]", "##[error]", " ::error::x", "a\x1b[2J", "a\u202eb", "a\x00"):
        with pytest.raises(AssertionError):
            assert_inert(text, "")
    for text in ("[l](https://x)", "<b>x</b>", "@admin", "![i](x)", "```\nx\n```", "www.evil.example"):
        with pytest.raises(AssertionError):
            assert_markdown(text)
    for text in ("[l](https://x)", "<b>x</b>", "a <b>x</b>", "![i](x)", "```\nx\n```"):
        with pytest.raises(AssertionError):
            assert_plain_markdown(text)
    good = render("html", hostile("x"))
    assert_page(good)
    for bad in (
        "<script>x</script>",
        "<img>",
        '<a href="https://x">',
        '<p onclick="x">',
        '<p style="x">',
        "<!-- x -->",
    ):
        with pytest.raises(AssertionError):
            assert_page(good.replace("<main", f"{bad}<main"))
    (tmp_path / "out.fix").write_text("#!/bin/bash\naz x y --name ''; touch pwned; echo ''\n")
    with pytest.raises(AssertionError):
        assert_script(tmp_path)
