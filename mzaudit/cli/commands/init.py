"""`mzaudit init`: a policy to start from, or a pipeline that runs it, as files of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

EPILOG = """\b
Examples:
  mzaudit init
  mzaudit init --example monozu
  mzaudit init azure-pipelines --env prd
  mzaudit init azure-pipelines --matrix
  mzaudit init github --env stg --env prd
"""
# What each kind is written from, and to.
_PIPELINES: Final = {
    "azure-pipelines": ("azure-pipelines.yml", Path("azure-pipelines-mzaudit.yml")),
    "github": ("github.yml", Path(".github/workflows/mzaudit.yml")),
}
_MATRIX: Final = "azure-pipelines-matrix.yml"
_STARTER: Final = "policy.yaml"
_BESIDE: Final = ("requirements.yaml", "waivers.yaml")


@click.command(epilog=EPILOG, short_help="Write a policy to start from, or a pipeline that runs it.")
@click.argument("pipeline", type=click.Choice(list(_PIPELINES)), required=False)
@click.option("--example", metavar="NAME", help="Write the shipped policy of that estate instead of a starter.")
@click.option("--env", "environments", multiple=True, metavar="ENV", help="What to check.  [default: the policy's]")
@click.option("--matrix", is_flag=True, help="azure-pipelines: collect in a job an environment, check all in one.")
def command(pipeline: str | None, example: str | None, environments: tuple[str, ...], matrix: bool) -> int:
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
        if environments:
            raise click.UsageError("--env goes with azure-pipelines or github")
        texts = files()
        examples = [name.removesuffix(".yaml") for name in texts if name.endswith(".yaml") and name not in _BESIDE]
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
    template, path = _PIPELINES[pipeline]
    asked = environment_names(environments or tuple(loaded.policy.environments))
    _write({path: _drawn(_MATRIX if matrix else template, asked)})
    output.show(f"Next: read the head of {path}: it names what the pipeline needs.")
    return exit_codes.PASSED


def _starter() -> str:
    """The policy of the smallest estate, with comments."""
    from importlib.resources import files

    return (files("mzaudit.cli") / "starter.yaml").read_text("utf-8")


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
            output.replace(path, (text,))
            written.append(path)
    except InputError:
        for path in written:
            path.unlink()  # else the next try would find it there
        raise
    output.show("\n".join(f"wrote {path}" for path in texts))


def _drawn(name: str, environments: Sequence[str]) -> str:
    """A pipeline for these environments and this version."""
    from importlib.resources import files

    from jinja2 import DictLoader, Environment, StrictUndefined

    from mzaudit import __version__

    folder = files("mzaudit.cli") / "pipelines"
    # `{{ }}` is GitHub's own. Nothing is escaped: only versions and environments are filled in, both of known letters.
    drawing = Environment(
        loader=DictLoader({"publish": (folder / "azure-pipelines-publish.yml").read_text("utf-8")}),
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
    return drawing.from_string((folder / name).read_text("utf-8")).render(
        version=__version__, environments=environments
    )
