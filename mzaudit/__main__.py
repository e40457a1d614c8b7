"""`python -m mzaudit`."""

from mzaudit.cli import main

main()
