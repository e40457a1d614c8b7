"""Bad input, and what it gets: one line each with file and line, exit 2, and nobody's file is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]

USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "no environment": (("check",), "Missing option '--env'"),
    "an environment that is not in the policy": (
        ("check", "--env", "prod", "--simulate", "compliant"),
        "expected one of dev, stg, prd, found 'prod'; did you mean prd?",
    ),
    "an environment that is a path": (
        ("check", "--env", "../x", "--simulate", "compliant"),
        "expected a name of lower-case letters",
    ),
    "no policy": (("check", "--env", "prd"), "write one to start from with `mzaudit init`"),
    "a policy that is not there": (
        ("check", "--env", "prd", "--policy", "nowhere.yaml"),
        "nowhere.yaml: no such file or directory; `mzaudit init` writes a policy to start from into ./policies",
    ),
    "an unknown option": (("check", "--env", "prd", "--fial-on", "low"), "--fail-on"),
    "an unknown command": (("chek",), "Did you mean 'check'?"),
    "an unknown format": (("check", "--env", "prd", "--simulate", "compliant", "-o", "pdf:x"), "unknown format 'pdf'"),
    "two formats on stdout": (
        ("check", "--env", "prd", "--simulate", "compliant", "-o", "json", "-o", "junit"),
        "only one format can go to stdout",
    ),
    "one path twice": (
        ("check", "--env", "prd", "--simulate", "compliant", "-o", "json:x", "-o", "junit:x"),
        "two formats were given the same path, x",
    ),
    "a database user without a name": (("doctor", "--sql", ""), "--sql: expected a display name"),
    "an unknown rule": (("check", "--env", "prd", "--simulate", "compliant", "--only", "KV-999"), "no rule 'KV-999'"),
    "an unknown rule explained": (("explain", "KV-66"), "no rule 'KV-66'"),
    "a duration that is none": (
        ("check", "--env", "prd", "--simulate", "compliant", "--timeout", "soon"),
        "expected a duration",
    ),
    "a commit that is none": (
        ("check", "--env", "prd", "--simulate", "compliant", "--expect-image", "cloud=main"),
        "expected a commit of 40",
    ),
    "a commit of no service": (
        ("check", "--env", "prd", "--simulate", "compliant", "--expect-image", f"clod={'a' * 40}"),
        "SERVICE one of cloud, manage, ingest",
    ),
    "a snapshot that is not there": (
        ("check", "--env", "prd", "--snapshot", "nothing.json"),
        "write one to start from",
    ),
    "a report that is not there": (("report", "nothing.json"), "nothing.json: cannot be read"),
    "only new ones since nothing": (
        ("check", "--env", "prd", "--simulate", "compliant", "--gate", "new"),
        "--gate new needs --baseline",
    ),
    "a baseline that is not there": (
        ("check", "--env", "prd", "--simulate", "compliant", "--baseline", "nothing.json"),
        "nothing.json: cannot be read",
    ),
    "a snapshot that would be written over": (
        ("check", "--env", "prd", "--snapshot", "s.json", "--snapshot", "reports/prd/mzaudit-prd.json"),
        "this file is read and would be written over",
    ),
    "a baseline that would be written over": (
        ("check", "--env", "prd", "--simulate", "compliant", "--baseline", "reports/prd/mzaudit-prd.json"),
        "this file is read and would be written over",
    ),
    "who changed a snapshot": (
        ("check", "--env", "prd", "--snapshot", "x.json", "--attribute"),
        "--attribute asks Azure",
    ),
    "names of nobody": (("check", "--env", "prd", "--simulate", "compliant", "--name-people"), "needs --attribute"),
    "snapshot and simulation at once": (
        ("check", "--env", "prd", "--simulate", "compliant", "--snapshot", "x.json"),
        "exclude each other",
    ),
}


@pytest.mark.parametrize("case", USAGE)
def test_usage(case: str, mzaudit: Call) -> None:
    args, words = USAGE[case]
    outcome = mzaudit(*args)
    assert outcome.code == 2, outcome.err
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""


SNAPSHOTS: dict[str, tuple[str, str]] = {
    "cut short": ('{"schema_version": "1", "taken": "2026-', "cut.json"),
    "of another version": ('{"schema_version": "99"}', "99"),
    "not JSON": ("hello", "cut.json"),
    "empty": ("", "cut.json"),
    "another document": ('{"findings": []}', "cut.json"),
}


@pytest.mark.parametrize("case", SNAPSHOTS)
def test_snapshots(case: str, folder: Path, mzaudit: Call) -> None:
    text, words = SNAPSHOTS[case]
    (folder / "cut.json").write_text(text)
    assert mzaudit("init", "--example", "monozu").code == 0
    outcome = mzaudit("check", "--env", "prd", "--snapshot", "cut.json")
    assert outcome.code == 2, outcome
    assert words in outcome.err
    assert "Traceback" not in outcome.err


ENDLESS: dict[str, tuple[str, ...]] = {
    "a report": ("report", "/dev/zero"),
    "a snapshot": ("check", "--env", "prd", "--policy", "policies", "--snapshot", "/dev/zero"),
    "a baseline": (
        "check",
        "--env",
        "prd",
        "--policy",
        "policies",
        "--simulate",
        "compliant",
        "--baseline",
        "/dev/zero",
    ),
    "two to compare": ("diff", "/dev/zero", "/dev/zero"),
    "a report to notify of": ("notify", "--dry-run", "/dev/zero"),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_file_that_never_ends(case: str, mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mzaudit.cli.load_files._LARGEST", 1 << 20)
    assert mzaudit("init", "--example", "monozu").code == 0
    outcome = mzaudit(*ENDLESS[case])
    assert outcome.code == 2
    assert "/dev/zero: larger than 1 MiB" in outcome.err


def test_somebodys_file_is_not_replaced(folder: Path, mzaudit: Call) -> None:
    mine = folder / "notes.json"
    mine.write_text("my notes")
    outcome = mzaudit("check", "--env", "prd", "--simulate", "compliant", "-o", f"json:{mine}")
    assert outcome.code == 2
    assert mine.read_text() == "my notes"


def test_an_empty_file_is_nobodys(folder: Path, mzaudit: Call) -> None:
    """As OCSF leaves one where there is no finding."""
    (folder / "last.jsonl").touch()
    assert mzaudit("check", "--env", "prd", "--simulate", "compliant", "-o", "ocsf:last.jsonl").code == 0
    assert (folder / "last.jsonl").read_text().startswith("{")


def test_a_policy_is_not_replaced_by_init(folder: Path, mzaudit: Call) -> None:
    assert mzaudit("init", "--example", "monozu").code == 0
    before = (folder / "policies" / "monozu.yaml").read_text()
    outcome = mzaudit("init", "--example", "monozu")
    assert outcome.code == 2
    assert "policies/monozu.yaml: is there already" in outcome.err
    assert (folder / "policies" / "monozu.yaml").read_text() == before


def test_yesterdays_report_is_gone_when_today_cannot_run(folder: Path, mzaudit: Call) -> None:
    assert mzaudit("check", "--env", "prd", "--simulate", "compliant").code == 0
    green = folder / "reports" / "prd" / "TEST-mzaudit-prd.xml"
    assert green.exists()
    assert mzaudit("check", "--env", "prd", "--policy", "nowhere.yaml").code == 2
    assert not green.exists()


def test_a_report_is_no_snapshot_and_a_snapshot_no_report(folder: Path, mzaudit: Call) -> None:
    assert mzaudit("init", "--example", "monozu").code == 0
    seen, judged = folder / "seen.json", folder / "judged.json"
    seen.write_text('{"schema_version": "1", "taken": "2026-01-01T00:00:00Z"}')
    judged.write_text('{"schema_version": "1", "findings": []}')
    wrong = mzaudit("report", str(seen))
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "not a report but a snapshot" in wrong.err
    wrong = mzaudit("check", "--env", "prd", "--snapshot", str(judged), "-o", "terminal")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "found a report" in wrong.err


def test_without_a_command_it_shows_its_help_as_it_is(mzaudit: Call) -> None:
    asked = mzaudit()
    assert (asked.code, asked.out) == (2, "")
    assert asked.err == mzaudit("--help").out


@pytest.mark.parametrize(
    "args", [("check", "--env", "prod", "--simulate", "compliant"), ("init", "github", "--env", "prod")]
)
def test_a_wrong_environment_cites_a_file_that_is_there(args: tuple[str, ...], folder: Path, mzaudit: Call) -> None:
    """Without ./policies the shipped policy is used; with it, that of the folder."""
    for _ in range(2):
        wrong = mzaudit(*args)
        assert wrong.code == 2
        assert "found 'prod'; did you mean prd?" in wrong.err
        assert Path(wrong.err.removeprefix("mzaudit: ").partition(":")[0]).is_file(), wrong.err
        mzaudit("init", "--example", "monozu")


WHOSE = {
    "the option's": (("--subscription", "abc"), "00000000-0000-0000-0000-000000000001", "--subscription 'abc'"),
    "the variable's": ((), "abc", "MZAUDIT_SUBSCRIPTION_ID"),
}


@pytest.mark.parametrize("case", WHOSE)
def test_whose_subscription_is_wrong(case: str, mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    options, variable, words = WHOSE[case]
    mzaudit("init", "--example", "monozu")
    monkeypatch.setenv("MZAUDIT_SUBSCRIPTION_ID", variable)
    for command in (("check", "--env", "prd"), ("collect", "--env", "prd", "-o", "s.json"), ("doctor", "--env", "prd")):
        wrong = mzaudit(*command, *options)
        assert (wrong.code, wrong.err) == (2, f"mzaudit: {words}: expected a subscription id (a GUID)\n")


def test_half_a_proxy_is_usage(mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")
    mzaudit("init", "--example", "monozu")
    wrong = mzaudit("check", "--env", "prd", "--subscription", "00000000-0000-0000-0000-000000000001")
    assert (wrong.code, wrong.err) == (2, "mzaudit: HTTPS_PROXY: expected http://host:port, found something else\n")


# A file that is no policy, and what is said of it.
NO_POLICY = {
    "policies/waivers.yaml": "expected a policy, or the directory that holds it, found a file of waivers",
    "policies/requirements.yaml": "expected a policy, or the directory that holds it, found a file of requirements",
    "waivers.yaml": "found a file of waivers",
    "requirements.yaml": "found a file of requirements",
    "other-waivers.yaml": "found a file of waivers",
    "baseline.yaml": "found a file of expectations",
    "report.json": "found a report of mzaudit",
    "snapshot.json": "found a snapshot of mzaudit",
    "policies/policy.schema.json": "expected ",
    "policies": "",
    "policies/monozu.yaml": "",
}


@pytest.mark.parametrize("name", NO_POLICY)
def test_each_file_says_what_it_is(name: str, folder: Path, mzaudit: Call) -> None:
    mzaudit("init", "--example", "monozu")
    for kind in ("waivers", "requirements"):
        (folder / f"{kind}.yaml").write_bytes((folder / "policies" / f"{kind}.yaml").read_bytes())
    (folder / "other-waivers.yaml").write_bytes((folder / "waivers.yaml").read_bytes())
    (folder / "baseline.yaml").write_bytes((folder / "policies" / "baseline.yaml").read_bytes())
    (folder / "report.json").write_text('{"version": 2, "requirements": [], "findings": []}')
    (folder / "snapshot.json").write_text('{"version": 1, "taken": "2026-01-01T00:00:00Z", "vaults": {"/a": {}}}')
    said = mzaudit("policy", "validate", name)
    assert said.code == (2 if NO_POLICY[name] else 0), said.err
    assert NO_POLICY[name] in said.err
    assert said.err.startswith(f"mzaudit: {name}:1: ") or not NO_POLICY[name]
    assert "internal error" not in said.err


def test_a_policy_that_is_a_file_has_the_files_beside_it(folder: Path, mzaudit: Call) -> None:
    mzaudit("init", "--example", "monozu")
    waivers = folder / "policies" / "waivers.yaml"
    waivers.write_text("version: 1\nwaivers: [1]\n")
    for path in ("policies", "policies/monozu.yaml"):
        wrong = mzaudit("policy", "validate", path)
        assert (wrong.code, wrong.err.count("policies/waivers.yaml:2: ")) == (2, 1), wrong.err
    waivers.unlink()
    by_file = mzaudit("policy", "requirements", "--policy", "policies/monozu.yaml")
    assert by_file.out == mzaudit("policy", "requirements").out != ""
