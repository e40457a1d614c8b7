"""The two pages at the door of the documentation: what there is, and the first steps, whose output is really run."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mzaudit import exit_codes, rules
from mzaudit.cli import COMMANDS, run
from mzaudit.engine.rule import AnyRule
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary

FOLDER = Path(__file__).parent
FIRST_STEPS = """\
# First steps

From nothing to a nightly gate. Everything up to *Your own estate* needs no Azure and no credentials: the estate is a
simulated one on this machine, and the outputs below were produced by running the commands.

## See it work

{shared}

One rule was asked here (`--only`); without it all are, and the report names each finding with its evidence, the line of
the policy that asks for it, and the command that mends it. What a rule decides, and how, stands on its page:

{explain}

An estate in which everything is as documented passes:

{compliant}

What cannot be read is neither a pass nor a failure. This estate refuses nearly every read, so the run is incomplete,
and says which permission would fix it:

{blind}

## Write down your own estate

{init}

`policies/monozu.yaml` says what there should be: names are templates in `{{env}}`. Edit it; every complaint comes with
file and line. Without `--example` it is the policy of the smallest estate, with comments. Is the estate there already?
`mzaudit adopt --env prd > draft.yaml` drafts the policy from it.

{validate}

## Your own estate

1. `mzaudit doctor --role` prints the three roles that the auditing identity needs; it only reads.
   What each permission is for: [permissions](permissions.md).
2. `az login`, then `mzaudit doctor --env prd` says what is still missing, and the commands that grant it.
3. `mzaudit check --env prd` is the gate. Its exit code says what a pipeline is to do (see [all pages](README.md)).

## Live with it

| you want to | do |
| --- | --- |
| let only new violations fail the gate | `mzaudit check --env prd --baseline last-night.json --gate new` |
| answer for a violation until a day | an entry in `policies/waivers.yaml`, with owner, reason and expiry |
| know who changed what fails | `mzaudit check --env prd --attribute` |
| keep what was seen | `mzaudit collect --env prd -o today.json` |
| see what drifted since yesterday | `mzaudit diff yesterday.json today.json` |
| see what an edit of the policy would change | `mzaudit preview --snapshot today.json --base old --head policies` |
| try an edit against every deviation it forbids | `mzaudit drill` |
"""


def index() -> str:
    """What there is to read, every command, every rule by area and by requirement, the exit codes."""
    every_rule = rules.load()
    lines = ["# The documentation of mzaudit", "", "Written by `make docs` from the code itself.", ""]
    lines += [
        "* [First steps](first-steps.md): from nothing to a nightly gate",
        "* [Operating](operating.md): sign-in, roles, report formats, pipelines, pull requests, terms",
        "* [Beyond the gate](beyond.md): snapshots, baselines, who changed it, what changed, adopting, drilling",
        "* [Rules of your own](plugins.md): a package that holds them, how it is loaded, how it is tested",
        "* [The policy](policy.md): every field, what it means, which rules read it, an example",
        "* [Rules](rules/README.md): all in one table; a page for each, from its docstring and its tested cases",
        "* [Permissions](permissions.md): what the auditing identity needs, and what each permission is for",
        "* [Operations](operations.md): every request to Azure, and what its reader was held against",
        "* [Design](design.md): how mzaudit is built, and why",
        "",
        "## Commands",
        "",
        "Each explains itself, with examples: `mzaudit COMMAND --help`.",
        "",
        "| command | what it does |",
        "| --- | --- |",
        *(f"| `mzaudit {name}` | {said} |" for name, (_, said) in COMMANDS.items()),
        "",
        "## Rules by area",
        "",
        "| area | is about | rules |",
        "| --- | --- | --- |",
        *(
            f"| {area.prefix} | {area.about} | {_links([rule for rule in every_rule if rule.area == area.prefix])} |"
            for area in rules.areas().values()
        ),
        "",
        "## Rules by requirement",
        "",
        "| requirement | the document says | answered by |",
        "| --- | --- | --- |",
    ]
    by_code = {rule.code: rule for rule in every_rule}
    for requirement in load(shipped(), vocabulary(), "policies").requirements:
        answering = [by_code[code] for code in requirement.answered_by if code in by_code]
        by_hand = [f"by hand: {requirement.manual}"] if requirement.manual else []
        answer = "; ".join(filter(None, (_links(answering), *by_hand))) or "not decided by this version"
        lines.append(f"| {requirement.id} | {_cell(requirement.text)} | {_cell(answer)} |")
    lines += ["", "## Exit codes of `mzaudit check`", "", "| code | meaning |", "| --- | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exit_codes.MEANING.items()]
    return "\n".join(lines) + "\n"


def first_steps() -> str:
    """The page, each of its outputs run now, in a folder of its own."""
    check = ("check", "--env", "prd", "--simulate")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return FIRST_STEPS.format(
            shared=_ran((*check, "drifted", "--only", "KV-006", "-o", "terminal"), last=1),
            explain=_ran(("explain", "KV-006"), first=3),
            compliant=_ran((*check, "compliant", "--only", "KV-006", "-o", "terminal"), last=1),
            blind=_ran((*check, "blind", "--only", "KV-006", "-o", "terminal"), last=1),
            init=_ran(("init", "--example", "monozu"), first=1),
            validate=_ran(("policy", "validate"), last=1),
        )


def pages() -> dict[str, str]:
    """Both pages by file name."""
    return {"README.md": index(), "first-steps.md": first_steps()}


def main() -> None:
    """Write both pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _ran(args: Sequence[str], *, first: int = 0, last: int = 0) -> str:
    """A command and the first or last lines of what it says on stdout."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        run(list(args))
    lines = out.getvalue().rstrip("\n").splitlines()
    shown = ["...", *lines[-last:]] if last else [*lines[:first], "..."]
    shown = shown if len(lines) > first + last else lines
    return "\n".join(("```console", f"$ mzaudit {' '.join(args)}", *shown, "```"))


def _links(some: Sequence[AnyRule]) -> str:
    return ", ".join(f"[{rule.code}](rules/{rule.code}.md)" for rule in some)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
