"""`make bench`: what things cost, each beside its floor in the same run; medians. `--write` keeps them."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure import MZAUDIT, PYTHON, Run, once, serving, side_by_side
from bench.profile import told

RUNS = 5
LATENCY = 0.05
APPS = 1000
FINDINGS = 10_000
RESULTS = Path(__file__).with_name("results.md")
CLIENTS = (
    "azure.identity.aio, azure.mgmt.web.aio, azure.mgmt.keyvault.aio, azure.mgmt.authorization.aio, azure.mgmt.sql.aio,"
    "azure.mgmt.storage.aio, azure.mgmt.containerregistry.aio, azure.mgmt.resource.resources.aio,"
    "azure.keyvault.secrets.aio, azure.containerregistry.aio, aiohttp, pydantic"
)
# What the floor of the imports leaves out: `import pydantic` alone loads next to nothing of it.
USED = (
    "import click, dataclasses, pydantic, ruamel.yaml\n"
    "class One(pydantic.BaseModel):\n    x: int\n"
    "@dataclasses.dataclass\nclass Other:\n    x: int\n"
    "One.model_validate_json('{\"x\": 1}')\n"
    "pydantic.TypeAdapter(Other).validate_json('{\"x\": 1}')\n"
)
HEAD = ("figure", "value", "floor", "ratio", "target", "calls", "depth", "CPU ms a call", "peak MB", "429s")


@dataclass(frozen=True)
class Row:
    """One figure; what does not apply is empty."""

    figure: str
    value: str
    floor: str = ""
    ratio: str = ""
    target: str = ""
    calls: str = ""
    depth: str = ""
    cpu: str = ""
    memory: str = ""
    throttled: str = ""


def beside(figure: str, run: Run, floor: float, target: float | None = None, **more: str) -> Row:
    """A figure of wall seconds beside its floor."""
    ratio, most = f"{run.wall / floor:.2f}" if floor else "", f"≤ {target}" if target is not None else ""
    return Row(figure, f"{run.wall:.2f} s", f"{floor:.2f} s", ratio, most, memory=f"{run.memory:.0f}", **more)


def made(counted: Mapping[str, float]) -> float:
    """Calls of a run: requests over HTTP, and what databases were asked."""
    return counted["calls"] + counted["logins"] + counted["statements"]


def whole(snapshot: Path) -> None:
    """Raise SystemExit if a call of that snapshot was not answered: a faster run that loses one is none."""
    outcomes = (line.split('"')[3] for line in snapshot.open(encoding="utf-8") if '"outcome": ' in line)
    lost = [outcome for outcome in outcomes if outcome not in ("ok", "absent", "disabled")]
    if lost:
        raise SystemExit(f"{snapshot.name}: {len(lost)} calls were not answered: {', '.join(sorted(set(lost)))}")


def start_up(folder: Path) -> Iterator[Row]:
    """Commands that ask nobody, beside the imports that they cannot do without."""
    offline = [*MZAUDIT, "check", "--env", "prd", "--snapshot", "one.json"]
    once([*offline, "-o", "json:report.json"], folder)
    once([PYTHON, "-m", "bench.policy", "fleet", "fleet.yaml"], folder)
    found = side_by_side(
        RUNS,
        {
            "click": [PYTHON, "-c", "import click"],
            "read": [PYTHON, "-c", "import click, pydantic, ruamel.yaml"],
            "used": [PYTHON, "-c", USED],
            "version": [*MZAUDIT, "--version"],
            "help": [*MZAUDIT, "--help"],
            "explain": [*MZAUDIT, "explain", "KV-006"],
            "rules": [*MZAUDIT, "rules"],
            "report": [*MZAUDIT, "report", "report.json"],
            "offline": offline,
            "fleet": [*MZAUDIT, "policy", "validate", "fleet.yaml"],
        },
        folder,
    )
    click, read = found["click"].wall, found["read"].wall
    yield beside("`--version`", found["version"], click, 1.5)
    yield beside("`--help`", found["help"], click, 1.5)
    yield beside("`explain KV-006`", found["explain"], read)
    yield beside("`rules`", found["rules"], read)
    yield beside("`report`, one estate", found["report"], read)
    yield beside("`check --snapshot`, one estate", found["offline"], read, 3)
    fleet = found["fleet"]
    figure = "`policy validate`, 200 services over 40 subscriptions"
    yield Row(figure, f"{fleet.wall:.2f} s", target="≤ 2 s, 150 MB", memory=f"{fleet.memory:.0f}")
    yield beside("the same imports, with one class and one dataclass validated", found["used"], read)


def one_estate(folder: Path) -> Iterator[Row]:
    """One estate at 50 ms a call, beside importing what it takes and waiting for each link of the longest chain."""
    check = [*MZAUDIT, "check", "--env", "prd"]
    once([PYTHON, "-m", "bench.depth"], folder)
    depth = int((folder / "said.txt").read_text().split()[-1])
    with serving("compliant", str(LATENCY)) as estate:
        commands = {
            "imports": [PYTHON, "-c", f"import {CLIENTS}"],
            "collect": [*MZAUDIT, "collect", "--env", "prd", "-o", "live.json"],
            "check": check,
        }
        found = side_by_side(RUNS, commands, folder, estate.environment)
        estate.counted()
        once(commands["collect"], folder, estate.environment)
        counted = estate.counted()
        plain = once([PYTHON, "-m", "bench.plain"], folder, estate.environment)
        theirs = estate.counted()
    floor = found["imports"].wall + depth * LATENCY
    shown = {"calls": f"{made(counted):.0f}", "depth": str(depth), "throttled": f"{counted['throttled']:.0f}"}
    yield beside("`collect`, one estate at 50 ms", found["collect"], floor, 1.25, **shown)
    yield beside("`check`, one estate at 50 ms", found["check"], floor, 1.25, **shown)
    calls = f"{theirs['calls']:.0f}"
    memory = f"{plain.memory:.0f}"
    yield Row("plain SDK script, much the same reads in turn", f"{plain.wall:.2f} s", calls=calls, memory=memory)


def a_call(folder: Path) -> Iterator[Row]:
    """CPU a call: what a larger estate costs more than a smaller one, with no wait and no limit."""
    sizes = (30, 150)
    costs = []
    for apps in sizes:
        once([PYTHON, "-m", "bench.policy", str(apps), f"policy{apps}"], folder)
        with serving(f"large:{apps}", "0") as estate:
            command = [*MZAUDIT, "collect", "--env", "all", "--policy", f"policy{apps}", "-o", "live.json"]
            run = once(command, folder, estate.environment)
            costs.append((run.cpu, made(estate.counted())))
        whole(folder / "live.json")
    (less, few), (more, many) = costs
    each = (more - less) / (many - few) * 1000
    figure = f"CPU a call, {sizes[0]} against {sizes[1]} apps, writing the snapshot included"
    yield Row(figure, f"{each:.2f} ms", target="≤ 1.5 ms", calls=f"{many - few:.0f}", cpu=f"{each:.2f}")


def large(folder: Path, apps: int, limits: str) -> Iterator[Row]:
    """A large estate within Azure's limits, beside what the limits ask for."""
    if not (folder / f"policy{apps}").exists():
        once([PYTHON, "-m", "bench.policy", str(apps), f"policy{apps}"], folder)
    with serving(f"large:{apps}", str(LATENCY), limits) as estate:
        command = [*MZAUDIT, "collect", "--env", "all", "--policy", f"policy{apps}", "-o", f"{apps}.json"]
        run = once(command, folder, estate.environment)
        counted = estate.counted()
    whole(folder / f"{apps}.json")
    words = {"azure": "Azure's limits", "sixth": "a sixth of Azure's limits"}[limits]
    yield beside(
        f"`collect`, {apps} apps, {words}, once",
        run,
        counted["floor"],
        1.3,
        calls=f"{made(counted):.0f}",
        cpu=f"{run.cpu / made(counted) * 1000:.1f}",
        throttled=f"{counted['throttled']:.0f}",
    )


def evaluation(folder: Path, apps: int) -> Iterator[Row]:
    """Judging a large snapshot, and writing the report, beside reading it: in one process, like with like."""
    once([PYTHON, "-m", "bench.evaluation", str(apps), str(RUNS)], folder)
    found = json.loads((folder / "evaluation.json").read_text())
    judging, writing = (f"{most:.0f}" for most in found["megabytes"])
    judged, read = f"all rules over {apps} apps: {found['findings']} findings", f"{found['decode']:.2f} s"
    ratio = f"{found['judge'] / found['decode']:.1f}"
    yield Row(judged, f"{found['judge']:.2f} s", read, ratio, "≤ 12", memory=judging)
    ratio = f"{found['write'] / found['decode']:.1f}"
    yield Row("their JSON report, written in pieces", f"{found['write']:.2f} s", read, ratio, memory=writing)


def opening(folder: Path) -> Iterator[Row]:
    """A report of 240 environments and 10,000 findings, written by each format, and opened in a browser."""
    once([*MZAUDIT, "check", "--env", "prd", "--snapshot", "one.json", "-o", "json:report.json"], folder)
    once([PYTHON, "-m", "bench.opening", str(FINDINGS)], folder)
    for name, found in json.loads((folder / "opening.json").read_text()).items():
        megabytes = f"{found['megabytes']:.0f}"
        size = f"`{name}` of {FINDINGS} findings, {found['bytes'] / 1e6:.1f} MB, written"
        yield Row(size, f"{found['write']:.2f} s", memory=megabytes)
        if "open" in found:
            opened = f"`{name}` of {FINDINGS} findings, opened in chromium, {found['cpu']:.2f} s of its renderer's CPU"
            yield Row(opened, f"{found['open']:.2f} s", target="≤ 3 s")


def peers(folder: Path) -> Iterator[Row]:
    """Prowler and Cloud Custodian on the same estate, where they are installed; they read less, and other things."""
    programs = {
        "Cloud Custodian": (".witness/custodian/bin/custodian", ["run", "-s", "out", "c7n.yml"]),
        "Prowler": (".witness/prowler/bin/prowler", ["azure", "--sp-env-auth", "--service", "app", "keyvault", "iam"]),
    }
    (folder / "c7n.yml").write_text(
        "policies:\n"
        + "".join(
            f"  - {{name: {kind}, resource: azure.{kind}}}\n"
            for kind in ("webapp", "keyvault", "storage", "sqlserver", "appserviceplan")
        )
    )
    with serving("compliant", str(LATENCY)) as estate:
        for name, (program, arguments) in programs.items():
            found = Path(program).resolve()
            if not found.exists():
                yield Row(f"{name}: not installed (`make bench-peers` installs it)", "")
                continue
            command = [str(found), *arguments]
            run = side_by_side(1, {name: command}, folder, estate.environment)[name]
            calls = f"{estate.counted()['calls'] / 2:.0f}"
            figure = f"{name}, one estate at 50 ms, of which it reads less, the second run"
            yield Row(figure, f"{run.wall:.2f} s", calls=calls, memory=f"{run.memory:.0f}")


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    cells = [tuple(vars(row).values()) for row in rows]
    lines = [HEAD, tuple("---" for _ in HEAD), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(words: list[str]) -> None:
    """Measure everything, print the table as it grows, and keep it if asked to."""
    rows: list[Row] = []
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    apps = next((int(word) for word in words if word.isdigit()), APPS)
    try:
        shutil.copytree(Path(__file__).parents[1] / "policies", folder / "policies")
        once([*MZAUDIT, "collect", "--env", "prd", "--simulate", "compliant", "-o", "one.json"], folder)
        parts = (
            [peers(folder)]
            if "--peers" in words
            else [
                start_up(folder),
                one_estate(folder),
                a_call(folder),
                large(folder, apps, "azure"),
                evaluation(folder, apps),
                opening(folder),
                large(folder, 60, "sixth"),
                peers(folder),
            ]
        )
        print(table([]), end="", flush=True)
        where: list[str] = []
        for part in parts:
            try:
                for row in part:
                    rows.append(row)
                    print(table([row]).split("\n")[2], flush=True)
            except (OSError, SystemExit, ValueError) as broken:  # one figure that cannot be had hides no other
                rows.append(Row(f"not measured: {str(broken).splitlines()[0]}", ""))
                print(broken, file=sys.stderr)
        if "--peers" not in words:
            where = list(told(folder))
            print("\n" + "".join(where))
    finally:
        shutil.rmtree(folder)
    if "--write" in words:
        machine = f"{os.cpu_count()} virtual CPUs, {platform.system()}, Python {platform.python_version()}"
        note = (
            f"Medians of {RUNS} runs in turn unless a row says once; by `make bench`. What databases are asked counts "
            f"as calls. Machine: {machine}, shared."
        )
        RESULTS.write_text(f"# What things cost\n\n{note}\n\n{table(rows)}\n{''.join(where)}")


if __name__ == "__main__":
    main(sys.argv[1:])
