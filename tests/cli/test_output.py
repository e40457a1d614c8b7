"""A report that cannot be written loses nothing: the others are written, and the terminal report is shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit.cli import output
from mzaudit.cli.output import OutputTarget
from mzaudit.errors import InputError
from mzaudit.snapshot.saved.store import dump
from tests.built_estate import compliant
from tests.cli.conftest import Outcome
from tests.report.sample import night

Call = Callable[..., Outcome]
VERDICT = "GATE FAILED"

# What is asked for, what stdout holds, and which of the files could be written.
WANTED: dict[str, tuple[tuple[str, ...], str, set[str]]] = {
    "by default": (("terminal", "junit:gone/a.xml", "json:here/b.json"), VERDICT, {"here/b.json"}),
    "files alone": (("junit:gone/a.xml", "json:here/b.json"), VERDICT, {"here/b.json"}),
    "no file at all": (("junit:gone/a.xml", "json:gone/b.json"), VERDICT, set()),
    "another format on stdout": (("junit:gone/a.xml", "csv", "html:here/b.html"), "environment,rule,", {"here/b.html"}),
}


@pytest.mark.parametrize("case", WANTED)
def test_the_rest_is_written(case: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options, shown, written = WANTED[case]
    (folder / "gone").write_text("a file where a directory was, a moment ago")
    wanted = [target for option in options if (target := output.parsed(option)) is not None]
    with pytest.raises(InputError) as error:
        output.write(night(), wanted, colour=False, width=100)
    failed = [str(target.path) for target in wanted if str(target.path).startswith("gone")]
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == failed
    said = capfd.readouterr()
    assert shown in said.out
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == written
    assert all(name in said.err for name in written)


def test_a_directory_that_is_gone_meanwhile_is_made_again(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = OutputTarget("json", folder / "reports" / "prd" / "a.json")
    output.write(night(), [target], colour=False, width=100)
    shutil.rmtree(folder / "reports")
    output.write(night(), [target], colour=False, width=100)
    assert (folder / "reports" / "prd" / "a.json").exists()


def test_a_snapshot_is_for_its_owner_alone_and_is_kept_elsewhere(folder: Path) -> None:
    text = dump(compliant())
    output.keep(folder / "new" / "seen.json", lambda: [text])
    assert (folder / "new" / "seen.json").stat().st_mode & 0o777 == 0o600
    (folder / "seen.json").mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory; it is kept in ") as error:
        output.keep(folder / "seen.json", lambda: [text])
    kept = Path(str(error.value).rpartition(" ")[2])
    assert kept.read_text() == text
    assert kept.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(kept.parent)


def test_code_scanning_finds_the_policy_where_the_repository_has_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "infra" / "audit").mkdir(parents=True)
    monkeypatch.chdir(folder / "infra" / "audit")
    wanted = [OutputTarget("sarif-alerts", Path("a.sarif"))]
    for root, shown in ((folder, "infra/audit/policies/monozu.yaml"), (folder / "infra" / "audit", "policies/monozu.")):
        monkeypatch.setenv("GITHUB_WORKSPACE", str(root))
        output.write(night(), wanted, colour=False, width=100)
        assert f'"uri": "{shown}' in Path("a.sarif").read_text()
