"""`mzaudit policy`: what the policy says, and whether it can be said."""

from __future__ import annotations

from pathlib import Path

import click

from mzaudit.cli import options


@click.group(short_help="Validate the policy; print its schema and requirements.")
def command() -> None:
    """Work with the policy, without Azure."""


@command.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--snapshot", type=click.Path(path_type=Path), help="Refuse also what the policy allows to differ and does not."
)
def validate(path: Path | None, snapshot: Path | None) -> int:
    """Check the policy (./policies, or PATH): every complaint at once, each with file and line; exit 2 if there is one.

    Also notes where the document asks for what Azure cannot hold, and how the policy names it instead. Whether an
    allowed difference occurs shows in a snapshot of all its environments: mzaudit collect --env stg --env prd.
    """
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.evaluation import occurring
    from mzaudit.cli.load_files import read_snapshot
    from mzaudit.cli.resolve import load_policy
    from mzaudit.policy.enums import counted

    loaded = load_policy(path, shipped=False)
    if snapshot is not None:
        occurring(loaded, read_snapshot(snapshot), snapshot)
    lines = [f"{note.where}: note: {note.text}" for note in loaded.notes]
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
    from mzaudit import exit_codes, rules
    from mzaudit.cli import output
    from mzaudit.cli.load_files import read_report
    from mzaudit.cli.resolve import load_policy
    from mzaudit.report.trace_matrix import trace

    last = read_report(report) if report is not None else None
    asked = last.requirements if last is not None and path is None else load_policy(path, shipped=True).requirements
    output.show(trace(asked, {rule.code for rule in rules.load()}, last))
    return exit_codes.PASSED
