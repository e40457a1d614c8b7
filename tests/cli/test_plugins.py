"""A team's own rules: loaded by name from where packages are installed, and from nowhere else."""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mzaudit.engine
from mzaudit.cli.plugins import installed_rules
from mzaudit.engine import Evidence, Fail, Pass, Severity, each_vault, need, rule
from mzaudit.engine.rule import AnyRule
from mzaudit.engine.verdict import Verdict
from mzaudit.rule_testing import broken_laws
from mzaudit.snapshot.estate import Snapshot
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
EXAMPLE = Path(__file__).parents[2] / "docs" / "example-plugin"

# fmt: off
KEPT = [
    "Aspect", "Desired", "DesiredEnvironment", "Evidence", "Fail", "Fix", "Gap", "Inconclusive", "Listing",
    "NotApplicable", "Observed", "Pass", "Rule", "Selector", "Severity", "Shown", "Snapshot", "Subject", "Verdict",
    "az", "each_component", "each_expected_fact", "each_registry", "each_resource", "each_secret", "each_service",
    "each_storage", "each_vault", "every", "find", "need", "rule", "whole",
]
# fmt: on


def test_the_public_names_are_kept() -> None:
    assert mzaudit.engine.__all__ == KEPT
    page = (EXAMPLE.parent / "plugins.md").read_text()
    assert [name for name in KEPT if f"`{name}`" not in page] == []


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example is installed."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(EXAMPLE, source)
    target = tmp_path_factory.mktemp("site")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index")
    pip = [sys.executable, "-m", "pip", "install", *quiet, "--target", str(target), str(source)]
    subprocess.run(pip, check=True, timeout=120, capture_output=True)
    return target


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that installers put packages in, of its own for each test."""
    target = tmp_path_factory.mktemp("installed")
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(target)])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    before = set(sys.modules)
    yield target
    installed_rules.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


def test_the_example_runs(mzaudit: Call, folder: Path, installed: Path, example: Path) -> None:
    shutil.copytree(example, installed, dirs_exist_ok=True)
    mzaudit("init", "--example", "monozu")
    policy = folder / "policies" / "monozu.yaml"
    without = policy.read_text()
    assert "no rule 'ACME-001'" in mzaudit("explain", "ACME-001").err
    weighed = "rules: {ACME-001: {severity: low, reason: x}}"
    policy.write_text(without.replace("\ndocument:", f"\nplugins: [acme]\n{weighed}\ndocument:"))
    assert mzaudit("policy", "validate").code == 0
    assert "ACME-001 medium" in mzaudit("rules", "--plugins", "acme").out
    assert "## What it checks" in mzaudit("explain", "acme-001", "--plugins", "acme").out

    mzaudit("collect", "--env", "prd", "--simulate", "compliant", "-o", "s.json")
    only = ("--only", "ACME-001", "--snapshot", "s.json", "-o", "json:r.json")
    assert mzaudit("check", "--env", "prd", *only).code == 0
    report = json.loads((folder / "r.json").read_text())
    assert {finding["status"] for finding in report["findings"]} == {"pass"}

    [own] = installed_rules(("acme",))
    assert broken_laws(own, Path("policies"), [Path("s.json")]) == []
    for unlawful, said in LAWLESS.items():
        assert said in "\n".join(broken_laws(unlawful, Path("policies"), [Path("s.json")]))

    policy.write_text(policy.read_text().replace("plugins: [acme]\n", ""))
    assert 'found "ACME-001"' in mzaudit("policy", "validate").err


COUNT: list[int] = []
PAGE = "## What it checks\nx\n## Why it matters\nx\n## Remediation\nx\n## References\nx\n"


def lawless(check: Callable[[Any, Snapshot], Verdict], page: str = PAGE) -> AnyRule:
    """A rule over every vault."""
    check.__doc__ = page
    return rule("ACME-009", title="x", severity=Severity.LOW, over=each_vault)(check)


def concluded(holds: bool) -> Verdict:
    """A pass or a failure."""
    proof = (Evidence("x", True, holds),)
    return Pass(proof) if holds else Fail(proof, "x", "x", None)


def counts(want: Any, seen: Snapshot) -> Verdict:
    """Not pure."""
    COUNT.append(1)
    return concluded(len(COUNT) % 3 == 0)


def takes_the_first(want: Any, seen: Snapshot) -> Verdict:
    """Of an order that nobody promises."""
    return concluded(need(seen.vault(want.id).properties) == need(next(iter(seen.vaults.values())).properties))


def adds(want: Any, seen: Snapshot) -> Verdict:
    """To what it is given."""
    seen.vaults.update({"/x": seen.vault(want.id)})  # type: ignore[attr-defined] # a mapping is not to be changed
    return concluded(need(seen.vault(want.id).properties) is not None)


LAWLESS: dict[AnyRule, str] = {
    lawless(lambda want, seen: concluded(bool(need(seen.vault(want.id).properties))), "## What\nx"): "its page has",
    lawless(lambda want, seen: concluded(True)): "seeing nothing, it concludes pass",
    lawless(lambda want, seen: concluded(not seen.vault(want.id).secrets.gap)): "was pass, and became fail",
    lawless(counts): "asked twice, it answers otherwise",
    lawless(takes_the_first): "in another order of the same facts, it answers otherwise",
    lawless(adds): "it changes what it is given",
    lawless(lambda want, seen: concluded(1 / 0 > 1)): "it raised ZeroDivisionError",
    lawless(lambda want, seen: concluded(need(seen.vault("/x").properties) is None)): "it decides nothing",
}


def written(folder: Path, module: str, **changes: str) -> None:
    """A package with one entry point, as an installer leaves it."""
    facts = {"name": "acme-rules", "point": f"acme = {module}", "text": RULE, "origin": "{}", **changes}
    record = folder / f"{facts['name'].replace('-', '_')}-1.0.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(f"[mzaudit.rules]\n{facts['point']}\n")
    (record / "direct_url.json").write_text(facts["origin"])
    (folder / f"{module}.py").write_text(facts["text"])


RULE = """
from mzaudit.engine import NotApplicable, Severity, each_vault, rule

@rule("ACME-001", title="x", severity=Severity.LOW, over=each_vault)
def one(want, seen):
    return NotApplicable("x")
"""
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a code of ours": ({"text": RULE.replace("ACME-001", "KV-999")}, "the code KV-999 is one of mzaudit"),
    "a code that is none": ({"text": RULE.replace("ACME-001", "acme1")}, "expected a code such as ACME-001"),
    "no rule": ({"text": "x = 1"}, "holds no rule"),
    "a rule of ours": ({"text": "from mzaudit.rules.keyvault.vault_exists import vault_exists"}, "holds no rule"),
    "a module that fails": ({"text": "raise RuntimeError('no')"}, "cannot be imported: RuntimeError at /"),
    "a module that leaves": ({"text": "import sys\nsys.exit(0)"}, "cannot be imported: SystemExit at /"),
    "a module that leaves with a word": (
        {"text": "raise SystemExit('hunter2')"},
        "cannot be imported: SystemExit at /",
    ),
    "a module that lacks another": ({"text": "import acme_lost"}, "ModuleNotFoundError: No module named 'acme_lost'"),
    "a module with a mistake": ({"text": "x ="}, "cannot be imported: SyntaxError: "),
    "a module that is not there": ({"point": "acme = acme_none"}, "would be imported from elsewhere"),
    "a module of the library": ({"point": "acme = json"}, "would be imported from elsewhere"),
    "an object": ({"point": "acme = acme_one:one"}, "expected the name of a module"),
    "a link to a folder": ({"origin": '{"url": "file:///x", "dir_info": {"editable": true}}'}, "as a link to a folder"),
    "a link, said otherwise": ({"origin": '{"dir_info": {"editable": "yes"}}'}, "as a link to a folder"),
    "no origin": ({"origin": "[1]"}, "as a link to a folder"),
    "half an origin": ({"origin": '{"dir_info": '}, "as a link to a folder"),
    "another name": ({"point": "other = acme_one"}, "installed are other"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, mzaudit: Call, installed: Path) -> None:
    changes, said = REFUSED[case]
    written(installed, "acme_one", **changes)
    refused = mzaudit("rules", "--plugins", "acme")
    assert (refused.code, said in refused.err) == (2, True), refused.err


def test_two_that_meet(mzaudit: Call, installed: Path) -> None:
    written(installed, "acme_one")
    written(installed, "acme_two", name="acme-more", point="more = acme_two")
    refused = mzaudit("rules", "--plugins", "acme", "--plugins", "more")
    assert (refused.code, "the code ACME-001 is one of acme_one" in refused.err) == (2, True), refused.err
    written(installed, "acme_three", name="acme-again")
    assert "found acme-again 1.0, acme-rules 1.0" in mzaudit("rules", "--plugins", "acme").err


def test_a_checkout_is_never_run(mzaudit: Call, folder: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = folder / "was-run"
    written(folder, "acme_one", text=f"open({str(run)!r}, 'w')\n{RULE}")
    monkeypatch.syspath_prepend(str(folder))
    assert "none is installed" in mzaudit("rules", "--plugins", "acme").err
    written(installed, "acme_one")
    assert "ACME-001 low" in mzaudit("rules", "--plugins", "acme").out
    assert not run.exists()


def test_what_was_imported_before_is_not_taken_for_it(
    mzaudit: Call, folder: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(installed, "acme_one")
    monkeypatch.setitem(sys.modules, "acme_one", ModuleType("acme_one"))
    assert mzaudit("rules", "--plugins", "acme").code == 2


def test_a_policy_that_names_what_is_not_installed(mzaudit: Call, folder: Path, installed: Path) -> None:
    mzaudit("init", "--example", "monozu")
    policy = folder / "policies" / "monozu.yaml"
    policy.write_text(policy.read_text().replace("\ndocument:", "\nplugins: [acme]\ndocument:"))
    refused = mzaudit("policy", "validate")
    said = "policies/monozu.yaml:6: plugins: expected installed packages with rules, found plugin 'acme': no installed"
    assert (refused.code, said in refused.err) == (2, True), refused.err
