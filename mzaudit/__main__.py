"""`mzaudit`, and `python -m mzaudit`."""

from __future__ import annotations

import sys
from typing import NoReturn

_INTERRUPTED = 130  # as in mzaudit.exit_codes, which may not be loaded yet


def start() -> NoReturn:
    """Run the command line; Ctrl-C is answered in the same way while it loads."""
    try:
        from mzaudit.cli import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("mzaudit: interrupted: the results are incomplete, no report was written\n")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    start()
