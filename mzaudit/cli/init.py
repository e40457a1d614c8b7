"""`mzaudit init`: the shipped policy as files of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write the shipped policy into ./policies.")
def command() -> int:
    """Write the shipped policy into ./policies, to be edited. A file that is there already is never replaced."""
    from mzaudit.cli import exits, output
    from mzaudit.errors import InputError
    from mzaudit.policy.packaged import files

    folder = Path("policies")
    texts = files()
    present = [str(folder / name) for name in texts if (folder / name).exists()]
    if present:
        raise InputError("\n".join(f"{name}: is there already; nothing was written" for name in present))
    for name, text in texts.items():
        output.replace(folder / name, (text,))
    output.show("\n".join(f"wrote {folder / name}" for name in texts))
    output.show("Next: edit policies/monozu.yaml, then `mzaudit policy validate`.")
    return exits.PASSED
