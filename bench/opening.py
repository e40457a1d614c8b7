"""`python -m bench.opening FINDINGS`: each format of one estate's report, made large, and opened in a browser."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from mzaudit.cli import output
from mzaudit.cli.load_files import read_report
from mzaudit.engine.gate import summarise
from mzaudit.engine.results import Report, Topology
from mzaudit.report import FORMATS, find

ENVIRONMENTS = 240
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
OPENED = {"html": "html", "junit": "xml"}
_PAINTED = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"


def main(findings: int) -> None:
    """Put the figures into `opening.json`."""
    report = enlarged(read_report(Path("report.json")), findings)
    figures: dict[str, dict[str, float]] = {}
    for name in FORMATS:
        path = Path(f"opening.{OPENED.get(name, name)}")
        begun = time.process_time()
        output.write_file(path, find(name)(report))
        figures[name] = {
            "write": time.process_time() - begun,
            "bytes": path.stat().st_size,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    if CHROMIUM.exists() and DRIVER.exists():
        with browser() as chrome:
            chrome.get("about:blank")
            chrome.execute_cdp_cmd("Performance.enable", {})
            for name, suffix in OPENED.items():
                begun = time.perf_counter()
                chrome.get(Path(f"opening.{suffix}").absolute().as_uri())
                chrome.execute_async_script(_PAINTED)
                metrics = chrome.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
                figures[name]["open"] = time.perf_counter() - begun
                figures[name]["cpu"] = next(each["value"] for each in metrics if each["name"] == "ProcessTime")
    Path("opening.json").write_text(json.dumps(figures))


def enlarged(report: Report, findings: int) -> Report:
    """The report of as many environments, each with its share of the findings, again and again."""
    each = findings // ENVIRONMENTS + 1
    several = tuple(
        replace(
            report.findings[number % len(report.findings)],
            env=f"env{number // each}",
            fingerprint=f"{number:032x}",
        )
        for number in range(findings)
    )
    return replace(
        report,
        run=replace(report.run, env=tuple(dict.fromkeys(finding.env for finding in several))),
        findings=several,
        summary=summarise(several, report.run.fail_on),
        topology=Topology(),
    )


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """A chromium without a window."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for switch in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"):
        options.add_argument(switch)
    chrome = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield chrome
    finally:
        chrome.quit()


if __name__ == "__main__":
    main(int(sys.argv[1]))
