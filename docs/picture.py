"""The picture in the README: `python -m docs.picture` takes a screenshot of the example's HTML report with Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "images"
PAGE = Path(__file__).parents[1] / "reports" / "example" / "html.html"
SIZE = (1400, 1060)
# Without them Chromium asks its maker's hosts at each start, or wants a sandbox that root does not get.
SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def main() -> None:
    """Write docs/images/report.png; where Chromium is not installed, keep the picture that is there."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("chromium is not installed: docs/images/report.png is left as it is\n")
        return
    FOLDER.mkdir(exist_ok=True)
    target = FOLDER / "report.png"
    with tempfile.TemporaryDirectory() as profile:
        window = [f"--user-data-dir={profile}", f"--window-size={SIZE[0]},{SIZE[1]}", "--hide-scrollbars"]
        command = [chromium, *SWITCHES, *window, f"--screenshot={target}", PAGE.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own arguments


if __name__ == "__main__":
    main()
