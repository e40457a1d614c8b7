"""`mzaudit policy`: what the policy says, whether it can be said, and whether its document still says so."""

from __future__ import annotations

from pathlib import Path

import click

from mzaudit.cli import options

DOCUMENT_EPILOG = """\b
Examples:
  mzaudit policy document
  mzaudit policy document docs/azure.md
  mzaudit policy document --accept "Key Vaults" --accept Data
  mzaudit policy document --accept all

\b
The record is document.lock beside the policy: commit it with the change of the policy that the review led to.

\b
Exit codes:
   0  all sections are reviewed as they are, and every section that a requirement cites is there
   1  a section is new, changed or gone since it was reviewed, or a requirement cites one that is not there
   2  usage, policy or page is wrong
"""


@click.group(short_help="Validate the policy; print its schema and requirements; review its document.")
def command() -> None:
    """Work with the policy, without Azure."""


@command.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--snapshot", type=click.Path(path_type=Path), help="Refuse also what the policy allows to differ and does not."
)
def validate(path: Path | None, snapshot: Path | None) -> int:
    """Check the policy (./policies, or PATH): every complaint at once, each with file and line; exit 2 if there is one.

    Also notes where the document asks for what Azure cannot hold, and how the policy names it instead, and warns where
    the page that it names has changed since it was reviewed (mzaudit policy document). Whether an
    allowed difference occurs shows in a snapshot of all its environments: mzaudit collect --env stg --env prd.
    """
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.evaluation import occurring
    from mzaudit.cli.load_files import read_snapshot
    from mzaudit.cli.resolve import load_policy
    from mzaudit.policy.enums import counted
    from mzaudit.report.document_text import document_warnings

    loaded = load_policy(path, shipped=False)
    if snapshot is not None:
        occurring(loaded, read_snapshot(snapshot), snapshot)
    lines = [f"{note.where}: note: {note.text}" for note in loaded.notes]
    changed = document_warnings(loaded.review, loaded.requirements)
    lines += [f"{loaded.where('document')}: warning: {warning}" for warning in changed]
    policy = loaded.policy
    secrets = sum(len(vault.secrets) for vault in policy.vaults.values())
    lines.append(
        f"valid: {', '.join(policy.environments)}; {counted(len(policy.services), 'service')}, "
        f"{counted(len(policy.vaults), 'vault')}, {counted(secrets, 'secret')}, "
        f"{counted(len(loaded.waivers), 'waiver')}"
    )
    output.show("\n".join(lines))
    return exit_codes.PASSED


@command.command()
@click.option("--report", is_flag=True, help="The schema of the JSON report instead.")
def schema(report: bool) -> int:
    """Print the JSON Schema of the policy files, for editors."""
    from mzaudit import exit_codes
    from mzaudit.cli import output

    if report:
        from mzaudit.report.formats.json import schema as report_schema

        output.show(report_schema())
    else:
        from mzaudit.policy.json_schema import json_schema

        output.show(json_schema())
    return exit_codes.PASSED


@command.command()
@options.policy("Policy file or directory.  [default: policies/; with --report, as they were in that run]", "path")
@click.option("--report", type=click.Path(path_type=Path), help="Show the results of this saved JSON report.")
def requirements(path: Path | None, report: Path | None) -> int:
    """Print the trace matrix: requirement, section of the document, the rules that answer it, how it fared."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.load_files import read_report
    from mzaudit.cli.plugins import rules_with
    from mzaudit.cli.resolve import load_policy
    from mzaudit.report.trace_matrix import trace

    last = read_report(report) if report is not None else None
    loaded = load_policy(path, shipped=True) if last is None or path is not None else None
    asked = loaded.requirements if loaded is not None else last.requirements if last is not None else ()
    codes = {rule.code for rule in rules_with(loaded.policy.plugins if loaded is not None else ())}
    output.show(trace(asked, codes | {rule.code for rule in (last.rules if last is not None else ())}, last))
    return exit_codes.PASSED


@command.command(epilog=DOCUMENT_EPILOG)
@click.argument("page", type=click.Path(path_type=Path), required=False)
@options.policy()
@click.option(
    "--accept", "accept", multiple=True, metavar="SECTION", help="Record that it was reviewed; `all` for every one."
)
def document(page: Path | None, policy: Path | None, accept: tuple[str, ...]) -> int:
    """Say what changed in the document since the policy was reviewed against it, and what rests on that.

    PAGE is Markdown or text with headings.  [default: the page that the policy's `document` names]
    """
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.document_review import accept_sections, policy_lines
    from mzaudit.cli.resolve import load_policy, stated
    from mzaudit.errors import InputError
    from mzaudit.policy.document.citations import citations
    from mzaudit.policy.document.section_lock import LOCK
    from mzaudit.policy.loader.document_page import review
    from mzaudit.report.document_text import document_text

    loaded = load_policy(policy, shipped=False)
    reviewed = loaded.review if page is None else review(page, page.as_posix(), loaded.folder)
    if reviewed is None:
        title = loaded.policy.document[:60]
        raise InputError(
            f"{stated(loaded, 'document')}: document: expected the path of a page (.md, .txt) that is there, found"
            f" {title!r}; or give PAGE"
        )
    if accept:
        reviewed = accept_sections(reviewed, loaded.folder / LOCK, accept)
    cited = citations(loaded.requirements, reviewed.sections)
    output.show(document_text(reviewed, cited, loaded.cited_at, policy_lines(loaded)))
    return exit_codes.VIOLATION if reviewed.changes.to_review or cited.missing else exit_codes.PASSED
