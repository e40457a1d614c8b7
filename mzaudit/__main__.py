"""`mzaudit`, and `python -m mzaudit`."""

from __future__ import annotations

import sys
from typing import NoReturn

_USAGE, _INTERRUPTED = 2, 130  # as in mzaudit.exit_codes, which may not be loaded yet


def start() -> NoReturn:
    """Run the command line; Ctrl-C is answered in the same way while it loads. Without docstrings, which are the rules'
    pages and the commands' help, it does not run."""
    if sys.flags.optimize > 1:
        sys.stderr.write(
            "mzaudit: PYTHONOPTIMIZE=2 (python -OO) takes away the rules' pages, which every report quotes: "
            "unset it, or set it to 1\n"
        )
        sys.exit(_USAGE)
    try:
        from mzaudit.cli import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write(
            "mzaudit: interrupted before the end: files already written are whole, others were not written\n"
        )
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    start()
