"""Broken policy files, and exactly what is said of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mzaudit.errors import PolicyError
from mzaudit.policy.loader.load import load
from mzaudit.policy.models import Policy
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from tests.policy.bent import SHIPPED, bent, complaints, line_of, said_of
from tests.policy.test_waivers import CATALOGUE, GOOD


def test_the_shipped_policy_loads() -> None:
    loaded = load(shipped(), vocabulary(), "policies")
    assert loaded.files == ("policies/monozu.yaml", "policies/requirements.yaml", "policies/waivers.yaml")
    assert list(loaded.policy.environments) == ["dev", "stg", "prd"]
    assert len(loaded.requirements) == 27
    assert loaded.waivers == ()


def test_where_tells_the_line_that_states_a_thing() -> None:
    where = load(shipped(), vocabulary(), "policies").where
    secret = f"policies/monozu.yaml:{line_of(SHIPPED, 'MANAGEMENT_API_URL')}"
    assert where("vaults", "cloud", "secrets", "MANAGEMENT_API_URL") == secret
    assert where("vaults", "cloud", "secrets", "MANAGEMENT_API_URL", "distinct") == secret
    grant = f"policies/monozu.yaml:{line_of(SHIPPED, '- {database: manage')}"
    assert where("services", "manage", "databases", 0) == grant
    assert where("rules") == where() == "policies/monozu.yaml:1"


DEEP = "a:\n" + "".join(" " * depth + "a:\n" for depth in range(1, 60))
UNREADABLE: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["p.yaml:1: file: expected a mapping, found an empty file"]),
    "only a comment": ("# nothing\n", ["p.yaml:1: file: expected a mapping, found an empty file"]),
    "a list": ("- a\n", ["p.yaml:1: file: expected a mapping, found a list of 1"]),
    "a word": ("policy", ['p.yaml:1: file: expected a mapping, found "policy"']),
    "not UTF-8": (b"version: 1\nestate: \xe9\n", ["p.yaml:2: file: expected UTF-8 text, found the byte 0xe9"]),
    "UTF-16": ("version: 1".encode("utf-16"), ["p.yaml:1: file: expected UTF-8 text, found the byte 0xff"]),
    "NUL": ("version: 1\na: \0", ['p.yaml:2: file: expected text without control characters, found "\\x00"']),
    "escape": ("a: \x1b[31m", ['p.yaml:1: file: expected text without control characters, found "\\x1b"']),
    "too large": ("#\n" * (512 * 1024 + 1), ["p.yaml:1: file: expected at most 1 MiB, found more"]),
    "too many nodes": (
        "a: [" + "1,\n" * 30_000 + "]",
        ["p.yaml:19998: file: expected at most 20000 keys and values, found more"],
    ),
    "too deep": (DEEP, ["p.yaml:52: file: expected at most 50 levels, found deeper nesting"]),
    "too deep in brackets": (
        "a: " + "[" * 9_000,
        ["p.yaml:1: file: expected at most 50 levels, found deeper nesting"],
    ),
    "too long a line": (
        "a: 1\nb: !" + "!" * 10_000,
        ["p.yaml:2: file: expected at most 10000 characters in a line, found 10004"],
    ),
    "an alias alone": ("*a", ["p.yaml:1: file: expected the value itself, found an alias (*)"]),
    "two documents": ("a: 1\n---\nb: 2\n", ["p.yaml:2: file: expected one document, found a second one"]),
    "directive": ("%YAML 1.1\n---\na: yes\n", ["p.yaml:2: file: expected no % directive, found one"]),
    "not closed": (
        "a: 1\nb: [1, 2\nc: 3\n",
        ["p.yaml:3: file: expected YAML, found a syntax error: expected ',' or ']', but got ':'"],
    ),
    "tab": (
        "a:\n\tb: 1\n",
        ["p.yaml:2: file: expected YAML, found a syntax error: found character '\\t' that cannot start any token"],
    ),
    "undefined alias": ("a: *x\n", []),
    "list as key": ("? [a]\n: 1\n", ["p.yaml:1: file: expected a plain key, found an alias, mapping or list as key"]),
    "tagged key": ("!!str a: 1\n", ["p.yaml:1: file: expected a plain key, found a key with an anchor or tag"]),
    "huge character": ('a: "\\UFFFFFFFF"', ["p.yaml:1: file: expected YAML, found a syntax error"]),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_is_not_a_policy(tmp_path: Path, case: str) -> None:
    content, expected = UNREADABLE[case]
    said = said_of(tmp_path, content)
    if expected:  # and of what could be read there is more to say
        assert [line for line in said if ": file: " in line] == expected
    assert all(line.startswith("p.yaml:") for line in said)


ROLES = "roles: [db_datareader, db_datawriter]"
ONE_WORD_WRONG = {
    "misspelt key": (
        ("    image: {repository: cloud-backend}", "    imgae: {repository: cloud-backend}"),
        "services.cloud.imgae: expected one of place, environments, expect, title, app, kind, runs, identity, "
        "access, image, vault, vaults, storage, "
        'databases, sidecars, component, settings or plaintext, found "imgae" (did you mean image?)',
    ),
    "unknown key": (
        ("    name: sql-monozu-{env}", "    name: sql-monozu-{env}\n    zzz: 1"),
        'servers.main.zzz: expected one of place, environments, expect, name or databases, found "zzz"',
    ),
    "yes for true": (
        ("production: true", "production: yes"),
        'environments.prd.production: expected true or false, found "yes" (write true)',
    ),
    "off for false": (
        ("{distinct: true}", "{distinct: OFF}"),
        'vaults.cloud.secrets.SECRET_KEY.distinct: expected true or false, found "OFF" (write false)',
    ),
    "number for text": (
        ("document: Azure Infrastructure", "document: 7.5"),
        "document: expected text that is not empty, found the number 7.5 (put it in quotes)",
    ),
    "blank text": (
        ("document: Azure Infrastructure", "document: '  '"),
        'document: expected text that is not empty, found "  "',
    ),
    "null": (
        ("document: Azure Infrastructure", "document:"),
        "document: expected text that is not empty, found nothing",
    ),
    "text for number": (
        ("expiring_days: 30", "expiring_days: 30d"),
        'secrets.expiring_days: expected a whole number from 0 to 3650, found "30d"',
    ),
    "octal": (
        ("expiring_days: 30", "expiring_days: 030"),
        'secrets.expiring_days: expected a whole number from 0 to 3650, found "030"',
    ),
    "fraction": (
        ("expiring_days: 30", "expiring_days: 30.0"),
        "secrets.expiring_days: expected a whole number from 0 to 3650, found the number 30.0",
    ),
    "out of range": (
        ("expiring_days: 30", "expiring_days: -1"),
        "secrets.expiring_days: expected a whole number from 0 to 3650, found the number -1",
    ),
    "misspelt word": (
        ("SNAP_PUBLISH_TOKEN: {}", "SNAP_PUBLISH_TOKEN: {kind: opaqe}"),
        "vaults.cloud.secrets.SNAP_PUBLISH_TOKEN.kind: expected opaque, url, guid, application-insights, database, "
        'storage, service-bus, json or pem, found "opaqe" (did you mean opaque?)',
    ),
    "a kind's former name": (
        ("SNAP_PUBLISH_TOKEN: {}", "SNAP_PUBLISH_TOKEN: {kind: connection-string}"),
        "vaults.cloud.secrets.SNAP_PUBLISH_TOKEN.kind: expected opaque, url, guid, application-insights, database, "
        'storage, service-bus, json or pem, found "connection-string" (did you mean application-insights?)',
    ),
    "unknown version": (("version: 1", "version: 2"), "version: expected 1, found the number 2"),
    "version as text": (("version: 1", "version: '1'"), 'version: expected 1, found "1"'),
    "not a GUID": (
        ("production: true", "production: true\n    subscription: mine"),
        'environments.prd.subscription: expected a GUID, found "mine"',
    ),
    "environment name": (
        ("  dev:", "  Dev-1:"),
        "environments.Dev-1: expected as key lower-case letters, digits and inner hyphens, a letter first, "
        'found "Dev-1"',
    ),
    "long environment name": (
        ("  dev:", f"  {'d' * 21}:"),
        f'environments.{"d" * 21}: expected as key at most 20 characters, found "{"d" * 21}"',
    ),
    "list for a mapping": (
        ("SNAP_PUBLISH_TOKEN: {}", "SNAP_PUBLISH_TOKEN: [opaque]"),
        "vaults.cloud.secrets.SNAP_PUBLISH_TOKEN: expected a mapping, found a list of 1",
    ),
    "word for a list": (
        (ROLES, "roles: db_datareader"),
        'services.cloud.databases[0].roles: expected a list of at least 1, found "db_datareader"',
    ),
    "empty list": (
        (ROLES, "roles: []"),
        "services.cloud.databases[0].roles: expected a list of at least 1, found an empty list",
    ),
    "rule code": (
        ("document: Azure", "rules: {KV3: {severity: low, reason: known}}\ndocument: Azure"),
        'rules.KV3: expected as key a rule code such as AB-123, found "KV3"',
    ),
    "repository": (
        ("repository: ingestor", "repository: Ingestor"),
        "services.ingest.image.repository: expected a repository name (lower-case letters and digits, "
        'joined by . _ / or -), found "Ingestor"',
    ),
    "long value": (
        ("repository: ingestor", f"repository: {'I' * 500}"),
        f"services.ingest.image.repository: expected a repository name (lower-case letters and digits, "
        f'joined by . _ / or -), found "{"I" * 59}…"',
    ),
    "control character": (
        ("document: Azure Infrastructure", 'document: "a\\e[31mb"'),
        'document: expected text without control characters, found "\\x1b"',
    ),
    "half a surrogate pair": (
        ("document: Azure Infrastructure", 'document: "\\uD800"'),
        'document: expected text without control characters, found "\\ud800"',
    ),
    "anchor": (("document: Azure", "document: &a Azure"), "document: expected no anchor, found an anchor (&)"),
    "tag": (("document: Azure", "document: !!str Azure"), "document: expected no tag, found a tag (!)"),
    "duplicate key": (
        ("naming:", "estate: other\nnaming:"),
        f"estate: expected each key once, found it again (first in p.yaml:{line_of(SHIPPED, 'estate:')})",
    ),
    "strange key": (
        ("naming:", '"a.b c\\n": 1\nnaming:'),
        '["a.b c\\n"]: expected one of version, estate, document, plugins, naming, environments, places, identities, '
        "registries, vaults, services, plans, secrets, servers, storage, components, resources, expect, "
        "baseline, undocumented, parity, people, pipelines, "
        "rules or waivers, "
        'found "a.b c\\n"',
    ),
    "waivers too long": (
        ("naming:", "waivers: {max_days: 0}\nnaming:"),
        "waivers.max_days: expected a whole number from 1 to 3650, found the number 0",
    ),
}


@pytest.mark.parametrize("case", ONE_WORD_WRONG)
def test_one_wrong_word_is_one_complaint_at_its_line(tmp_path: Path, case: str) -> None:
    change, complaint = ONE_WORD_WRONG[case]
    text = bent(change)
    line = next(n for n, (a, b) in enumerate(zip(text.splitlines(), SHIPPED.splitlines(), strict=False), 1) if a != b)
    assert said_of(tmp_path, text) == [f"p.yaml:{line}: {complaint}"]


def test_a_missing_key_is_told_at_what_lacks_it(tmp_path: Path) -> None:
    text = bent(('  main: {name: "appi-monozu-{env}"}\n', "  main: {}\n"))
    assert said_of(tmp_path, text) == [
        f"p.yaml:{line_of(text, '  main: {}')}: components.main.name: "
        "expected a name without white space or slash, found no such key"
    ]


def test_an_alias_is_refused_and_hides_nothing_else(tmp_path: Path) -> None:
    text = bent(
        ("    vault: cloud", "    vault: &v cloud"),
        ("    vault: manage", "    vault: *v"),
        ("version: 1", "version: 3"),
    )
    assert said_of(tmp_path, text) == [
        f"p.yaml:{line_of(text, 'version')}: version: expected 1, found the number 3",
        f"p.yaml:{line_of(text, '&v')}: services.cloud.vault: expected no anchor, found an anchor (&)",
        f"p.yaml:{line_of(text, '*v')}: services.manage.vault: expected the value itself, found an alias (*)",
    ]


def test_everything_is_said_at_once_and_in_order(tmp_path: Path) -> None:
    text = bent(
        ("production: true", "production: no"), ("estate: monozu", "estate: a b"), ('{name: "appi', '{nam: "appi')
    )
    said = said_of(tmp_path, text)
    assert [line.split(": ")[1] for line in said] == ["estate", "environments.prd.production", "components.main.nam"]
    assert [int(line.split(":")[1]) for line in said] == sorted(int(line.split(":")[1]) for line in said)


class TestDirectory:
    """A directory of files that make one policy."""

    def test_split(self, tmp_path: Path) -> None:
        head, vaults, tail = (
            SHIPPED.partition("vaults:")[0],
            *("vaults:" + SHIPPED.partition("vaults:")[2]).split("services:"),
        )
        (tmp_path / "a.yaml").write_text(head)
        (tmp_path / "vaults.yaml").write_text(vaults)
        (tmp_path / "z.yaml").write_text("services:" + tail)
        (tmp_path / ".draft.yaml").write_text("[")
        (tmp_path / "notes.txt").write_text("[")
        loaded = load(tmp_path, vocabulary(), "dir")
        assert loaded.policy == load(shipped(), vocabulary()).policy.model_copy(update={"parity": ()})
        assert loaded.files == ("dir/a.yaml", "dir/vaults.yaml", "dir/z.yaml")
        assert loaded.where("vaults", "cloud", "name") == "dir/vaults.yaml:3"
        assert (loaded.requirements, loaded.waivers) == ((), ())

    def test_one_key_in_two_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(SHIPPED)
        (tmp_path / "b.yaml").write_text("\nestate: other\n")
        line = line_of(SHIPPED, "estate:")
        assert complaints(tmp_path, "dir") == [
            f"dir/b.yaml:2: estate: expected each key in one file, found it also in dir/a.yaml:{line}"
        ]

    def test_complaints_of_all_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(bent(("version: 1", "version: 2")))
        (tmp_path / "requirements.yaml").write_text("version: 1\nrequirements: []\n")
        (tmp_path / "waivers.yaml").write_text("version: 1\nwaivers: [\n")
        assert [line.split(": expected")[0] for line in complaints(tmp_path, "dir")] == [
            f"dir/a.yaml:{line_of(SHIPPED, 'version: 1')}: version",
            "dir/requirements.yaml:2: requirements",
            "dir/waivers.yaml:3: file",
        ]

    def test_a_part_that_cannot_be_read_is_not_taken_for_missing_keys(self, tmp_path: Path) -> None:
        head, _, tail = SHIPPED.partition("vaults:")
        (tmp_path / "a.yaml").write_text(head.replace("production: true", "production: yes"))
        (tmp_path / "b.yaml").write_text("vaults:" + tail + "\n]")
        said = complaints(tmp_path, "dir")
        assert [line.split(":")[0] for line in said] == ["dir/a.yaml", "dir/b.yaml"]

    @pytest.mark.parametrize(
        ("names", "complaint"),
        [
            ((), "dir:1: file: expected a directory with a policy (*.yaml), found none in it"),
            (("a.yml",), "dir/a.yml:1: file: expected the ending .yaml, found .yml"),
        ],
    )
    def test_nothing_to_read(self, tmp_path: Path, names: tuple[str, ...], complaint: str) -> None:
        for name in names:
            (tmp_path / name).write_text(SHIPPED)
        assert complaints(tmp_path, "dir") == [complaint]

    def test_a_directory_named_like_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(SHIPPED)
        (tmp_path / "b.yaml").mkdir()
        assert complaints(tmp_path, "dir") == ["dir/b.yaml:1: file: expected a regular file, found something else"]


@pytest.mark.parametrize("name", ["b.yaml", "requirements.yaml", "waivers.yaml", "baseline.yaml"])
@pytest.mark.parametrize("path", ["", "a.yaml"], ids=["directory", "one file"])
def test_a_link_to_what_is_no_policy(tmp_path: Path, name: str, path: str) -> None:
    """A pull request may commit a link to any file of the agent: nothing of that is shown."""
    folder = tmp_path / "dir"
    folder.mkdir()
    (folder / "a.yaml").write_text(f"baseline: true\n{SHIPPED}")
    (tmp_path / "token").write_text("hunter2.hunter2.hunter2\n")
    (folder / name).symlink_to(tmp_path / "token")
    if path and name == "b.yaml":
        path = name
    said = "\n".join(complaints(folder / path, "dir"))
    assert "file: expected a .yaml file, found a link to another kind of file" in said
    assert "hunter2" not in said


def test_a_link_to_a_policy(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap."""
    (tmp_path / "dir" / "..data").mkdir(parents=True)
    (tmp_path / "dir" / "..data" / "a.yaml").write_text(SHIPPED)
    (tmp_path / "dir" / "a.yaml").symlink_to(Path("..data") / "a.yaml")
    assert load(tmp_path / "dir", vocabulary()).policy.services


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "a.yaml")
    assert all("found no such file" in each or "circle" in each for each in complaints(tmp_path, "dir"))


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert complaints(tmp_path / "gone", "gone") == [
        "gone: no such file or directory; `mzaudit init` writes a policy to start from into ./policies"
    ]
    path = tmp_path / ("x" * 300)
    assert complaints(path, "long") == ["long:1: file: expected a readable file or directory, found file name too long"]


_YAML_PIECES = st.sampled_from(
    [*Policy.model_fields, "{env}", "yes", "true", "1", "1e9", "~", ": ", "- ", "\n", "\n  ", "{", "}", "[", "]", ",",
     "&a ", "*a", "!!", "!x ", "|\n", ">-\n", "'", '"', "\\u", "#", "%YAML 1.1", "---\n", "...\n",
     "? ", "<<", "\t", "\x85", "é"]
)  # fmt: skip


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.lists(_YAML_PIECES, max_size=60).map(lambda pieces: "".join(pieces).encode()),
    )
)
@example(b"\xef\xbb\xbf\xef\xbb\xbfa: 1")
@example(b"%YAML 9.9\n---\na: 1")
@example(b"a: !<x> 1")
@example(b"%TAG ! x\n---\n!y a")
def test_whatever_the_bytes_it_is_only_ever_a_policy_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(PolicyError) as error:
        load(path, vocabulary(), "p.yaml")
    for line in error.value.complaints:
        assert line.startswith("p.yaml:")
        assert line.isprintable()


@settings(max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SHIPPED) - 1), st.integers(0, 30), _YAML_PIECES)
def test_a_slip_of_the_pen_is_a_policy_error_or_a_policy(tmp_path: Path, at: int, cut: int, put: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(SHIPPED[:at] + put + SHIPPED[at + cut :], encoding="utf-8")
    try:
        assert load(path, vocabulary()).policy.version == 1
    except PolicyError as error:
        assert str(error).replace("\n", "").isprintable()  # noqa: PT017 -- either outcome is right


UNDECLARED = ("    vault: manage", "    vault: mange")
WRONG: dict[str, tuple[tuple[str, str], list[str]]] = {
    "a field of another kind": (("production: true", "production: no"), ["environments.prd.production"]),
    "a misspelt key is not a missing one too": (('main: {name: "appi', 'main: {nam: "appi'), ["components.main.nam"]),
    "a misspelt section": (("vaults:\n", "valts:\n"), ["valts"]),
    "a missing key": (('{name: "appi-monozu-{env}"}', "{}"), ["components.main.name"]),
    "a key given twice": (("estate: monozu\n", "estate: monozu\nestate: other\n"), ["estate"]),
    "an alias": (("    title: Cloud Backend API", "    title: *c"), ["services.cloud.title"]),
    "a merge hides what a service lacks": (
        ("    app: app-monozu-manage-{env}\n", "    <<: {app: 'app-monozu-manage-{env}'}\n"),
        ["services.manage"],
    ),
    "a list as key hides which sections there are": (("registries:\n", "? [registries]\n:\n"), ["file"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_contradictions_wait_for_sound_fields(tmp_path: Path, case: str) -> None:
    """A contradiction may follow from the fault beside it: it is told by the load after."""
    change, paths = WRONG[case]
    said = said_of(tmp_path, bent(UNDECLARED, change))
    assert [line.split(": ")[1] for line in said] == paths


def test_a_contradiction_in_one_file_waits_for_no_other_file(tmp_path: Path) -> None:
    """But for a waiver's: which environments there are, and how long it may last, is in the policy."""
    (tmp_path / "p.yaml").write_text(bent(("version: 1", "version: 2")))
    (tmp_path / "requirements.yaml").write_text(CATALOGUE.replace("DOC-02", "DOC-01"))
    (tmp_path / "waivers.yaml").write_text(GOOD.replace("KV-004", "KV-040"))
    assert [line.split(": ")[1] for line in complaints(tmp_path, "dir")] == ["version", "requirements[1].id"]


def test_a_policy_of_the_earlier_form_is_refused_in_one_sentence(tmp_path: Path) -> None:
    text = bent(("places:", "resource_groups:"), ("registries:", "registry:"), ("production: true", "production: yes"))
    line = line_of(text, "resource_groups")
    assert said_of(tmp_path, text) == [
        f"p.yaml:{line}: resource_groups: expected a policy as docs/policy.md describes it, found the earlier form"
        " (resource_groups, registry), which is no longer read"
    ]
