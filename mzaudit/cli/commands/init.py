"""`mzaudit init`: a policy to start from, or a pipeline that runs it, as files of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

EPILOG = """\b
Examples:
  mzaudit init
  mzaudit init --example NAME
  mzaudit init azure-pipelines --env prd
  mzaudit init azure-pipelines --matrix
  mzaudit init github --env stg --env prd --ticket --notify

\b
In a folder below the root of a repository, the pipeline runs there: each folder of a monorepo has a gate of its own.
"""
# What each kind is written from, and to.
_PIPELINES: Final = {
    "azure-pipelines": ("azure-pipelines.yml", "azure-pipelines-{name}.yml"),
    "github": ("github.yml", ".github/workflows/{name}.yml"),
}
_MATRIX: Final = "azure-pipelines-matrix.yml"
_STARTER: Final = "policy.yaml"
_PARTS: Final = ("head", "install", "publish")  # of the pipelines for Azure
_FOLDER: Final = re.compile(r"[\w.][\w./-]*", re.ASCII)


@click.command(epilog=EPILOG, short_help="Write a policy to start from, or a pipeline that runs it.")
@click.argument("pipeline", type=click.Choice(list(_PIPELINES)), required=False)
@click.option("--example", metavar="NAME", help="Write the shipped policy of that estate instead of a starter.")
@click.option("--env", "environments", multiple=True, metavar="ENV", help="What to check.  [default: the policy's]")
@click.option("--matrix", is_flag=True, help="azure-pipelines: collect in a job an environment, check all in one.")
@click.option("--ticket", is_flag=True, help="Keep an issue or work item of nightly runs.")
@click.option("--notify", is_flag=True, help="Notify Microsoft Teams, Slack or a webhook of nightly runs.")
def command(
    pipeline: str | None,
    example: str | None,
    environments: tuple[str, ...],
    matrix: bool,
    ticket: bool,
    notify: bool,
) -> int:
    """Write the policy of the smallest estate into ./policies, with comments, to be edited; with --example a whole one,
    with its requirements; or a pipeline for Azure Pipelines or GitHub Actions.

    A file that is there already is never replaced.
    """
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.resolve import environment_names, load_policy, require_known
    from mzaudit.policy.shipped_policy import files

    if example is not None and pipeline is not None:
        raise click.UsageError("--example goes with no pipeline")
    if matrix and pipeline != "azure-pipelines":
        raise click.UsageError("--matrix goes with azure-pipelines")
    if pipeline is None:
        if environments or ticket or notify:
            raise click.UsageError("--env, --ticket and --notify go with azure-pipelines or github")
        texts = files()
        examples = [name.removesuffix(".yaml") for name, text in texts.items() if "\nestate:" in text]
        if example is not None and example not in examples:
            raise click.UsageError(f"no example is called {example[:40]!r}; there is {', '.join(examples)}")
        if example is None:
            texts = {name: text for name, text in texts.items() if name.endswith(".json")} | {_STARTER: _starter()}
        _write({Path("policies") / name: text for name, text in texts.items()})
        written = _STARTER if example is None else f"{example}.yaml"
        output.show(f"Next: edit policies/{written}, then `mzaudit policy validate`.")
        return exit_codes.PASSED
    loaded = load_policy(None, shipped=True)
    require_known(loaded, environment_names(environments))
    template, named = _PIPELINES[pipeline]
    asked = environment_names(environments or tuple(loaded.policy.environments))
    root, folder = _repository()
    name = "-".join(("mzaudit", *Path(folder).parts))
    path = root / named.format(name=name)
    _write({path: _drawn(_MATRIX if matrix else template, asked, folder, name, ticket=ticket, notify=notify)})
    output.show(f"Next: read the head of {path}: it names what the pipeline needs.")
    return exit_codes.PASSED


def _starter() -> str:
    """The policy of the smallest estate, with comments."""
    from importlib.resources import files

    return (files("mzaudit.cli") / "starter.yaml").read_text("utf-8")


def _repository() -> tuple[Path, str]:
    """The root of the repository and the folder in it that this is; where there is none, this is the root."""
    from mzaudit.errors import InputError

    here = Path.cwd()
    root = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    folder = here.relative_to(root).as_posix()
    if folder != "." and not _FOLDER.fullmatch(folder):
        raise InputError(f"{folder}: expected a folder of letters, digits, dots and dashes, for it stands in a script")
    return (Path(), "") if folder == "." else (Path(*[".."] * len(Path(folder).parts)), folder)


def _write(texts: Mapping[Path, str]) -> None:
    """Write all of them, or none if one is there already."""
    from mzaudit.cli import output
    from mzaudit.errors import InputError

    present = [path for path in texts if path.exists()]
    if present:
        raise InputError("\n".join(f"{path}: is there already; nothing was written" for path in present))
    written = []
    try:
        for path, text in texts.items():
            output.write_file(path, (text,))
            written.append(path)
    except InputError:
        for path in written:
            path.unlink()  # else the next try would find it there
        raise
    output.show("\n".join(f"wrote {path}" for path in texts))


def _drawn(template: str, environments: Sequence[str], folder: str, name: str, *, ticket: bool, notify: bool) -> str:
    """A pipeline for these environments and this version, run in a folder of the repository."""
    from importlib.resources import files

    from jinja2 import DictLoader, Environment, StrictUndefined

    from mzaudit import __version__
    from mzaudit.cli.output import label

    pipelines = files("mzaudit.cli") / "pipelines"
    # `{{ }}` is GitHub's own. Nothing is escaped: what is filled in is of known letters.
    drawing = Environment(
        loader=DictLoader({part: (pipelines / f"azure-pipelines-{part}.yml").read_text("utf-8") for part in _PARTS}),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return drawing.from_string((pipelines / template).read_text("utf-8")).render(
        version=__version__,
        environments=environments,
        folder=folder,
        at=f"{folder}/" if folder else "",
        name=name,
        id=lambda env: env.replace("-", "_"),  # as jobs of Azure Pipelines and variables of GitHub are named
        label=label,
        ticket=ticket,
        notify=notify,
        always=False,
    )
