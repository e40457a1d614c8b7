"""Meets faults in processes of their own, as many as there are cores, each with benches of its own."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.faults.bench import Bench
from tests.faults.law import wrongs
from tests.faults.targets import Target

Case = tuple[str, tuple[tuple[Target, str], ...]]
_BENCHES: dict[str, Bench] = {}


@dataclass(frozen=True)
class Result:
    """What was wrong with one run; `crashed` is the exception that ended it, if one did."""

    case: Case
    wrongs: tuple[str, ...]
    crashed: bool = False

    def __str__(self) -> str:
        estate, met = self.case
        what = "; ".join(f"{fault} at {target}" for target, fault in met)
        return f"{estate}: {what}\n  " + "\n  ".join(self.wrongs[:5])


def meet_all(cases: Iterable[Case], progress: Callable[[int], None]) -> list[Result]:
    """Every case, each in a run of its own, in the order given; `progress` is told how many are done."""
    # spawned, because a process that serves threads must not be forked
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8), mp_context=context) as pool:
        results = []
        for result in pool.map(_meet, cases, chunksize=8):
            results.append(result)
            progress(len(results))
        return results


def _meet(case: Case) -> Result:
    estate, met = case
    if estate not in _BENCHES:
        _BENCHES[estate] = Bench(estate)
        # while its thread still runs: the interpreter's end would wait for it for ever
        atexit.register(_BENCHES[estate].close)
    bench = _BENCHES[estate]
    try:
        return Result(case, tuple(wrongs(bench.usual, bench.meet(*met), met)))
    except Exception:  # noqa: BLE001 - whatever the product raises is what is looked for
        return Result(case, (traceback.format_exc()[-2000:],), crashed=True)
