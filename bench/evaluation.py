"""`python -m bench.evaluation APPS RUNS`: a large snapshot decoded, judged and reported, in CPU seconds; medians."""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from mzaudit import rules
from mzaudit.cli import output
from mzaudit.cli.evaluation import judge
from mzaudit.cli.load_files import read_snapshot
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Report
from mzaudit.engine.rule import AnyRule
from mzaudit.engine.verdict import Verdict
from mzaudit.policy.models import Severity
from mzaudit.report import find
from mzaudit.snapshot.estate import Snapshot

T = TypeVar("T")


def main(apps: str, runs: int) -> None:
    """Put the figures into `evaluation.json`."""
    gc.set_threshold(100_000)  # as the command does
    path, policy = Path(f"{apps}.json"), Path(f"policy{apps}")
    adapter, text = TypeAdapter(Snapshot), path.read_text("utf-8")
    decode = statistics.median(timed(lambda: adapter.validate_json(text))[0] for _ in range(runs))
    loaded, seen = load_policy(policy, shipped=False), read_snapshot(path)
    asked = tuple(loaded.policy.environments)
    wanted = bind_policy(loaded, asked, subscriptions_of(loaded, asked, snapshot=(path, seen)))

    def judged() -> Report:
        return judge(loaded, wanted, seen, fail_on=Severity.MEDIUM)

    first, report = timed(judged)
    held = memory()
    write, _ = timed(lambda: output.write_file(Path("large.json"), find("json")(report)))
    written = memory()
    seconds = [first, *(timed(judged)[0] for _ in range(runs - 1))]
    by_rule: dict[str, float] = defaultdict(float)
    whole, _ = timed(lambda: evaluate(wanted, seen, [watched(rule, by_rule) for rule in rules.load()]))
    figures = {
        "decode": decode,
        "judge": statistics.median(seconds),
        "write": write,
        "megabytes": (held, written),
        "findings": len(report.findings),
        "rules": dict(sorted(by_rule.items(), key=lambda each: -each[1])[:8]),
        "evaluate": whole,
        "in rules": sum(by_rule.values()),
    }
    Path("evaluation.json").write_text(json.dumps(figures))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds, and what came of it."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def memory() -> float:
    """The most that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def watched(rule: AnyRule, spent: dict[str, float]) -> AnyRule:
    """The rule, its checks counted in CPU seconds."""

    def check(want: object, seen: Snapshot) -> Verdict:
        begun = time.process_time()
        try:
            return rule.check(want, seen)
        finally:
            spent[rule.code] += time.process_time() - begun

    return replace(rule, check=check)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
