"""`mzaudit completion`: what a shell needs to complete the commands and options."""

from __future__ import annotations

import click

EPILOG = """\b
Examples:
  mzaudit completion bash > ~/.local/share/bash-completion/completions/mzaudit
  mzaudit completion zsh > "${fpath[1]}/_mzaudit"
  mzaudit completion fish > ~/.config/fish/completions/mzaudit.fish
"""


@click.command(epilog=EPILOG, short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the script that lets a shell complete mzaudit's commands and options."""
    from click.shell_completion import get_completion_class

    from mzaudit import exit_codes
    from mzaudit.cli import group, output

    made = get_completion_class(shell)
    assert made is not None, "click knows the shells of the choice"
    output.show(made(group, {}, "mzaudit", "_MZAUDIT_COMPLETE").source())
    return exit_codes.PASSED
