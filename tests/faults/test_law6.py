"""Law 6: any one failed call, end to end through the real SDK: each finding stays or becomes inconclusive, the exit
code and every format say so, nothing crashes or hangs, and the finding names the call and what would cure it.

`make test` looks at a sample; MZAUDIT_EVIDENCE=1 meets every fault at every request.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mzaudit.simulator import Fault, Status
from tests.faults.bench import PATIENCE, Bench
from tests.faults.catalogue import FAULTS, own_word
from tests.faults.conftest import ESTATES
from tests.faults.crew import Case, meet_all
from tests.faults.law import disagreements, wrongs
from tests.faults.targets import ARM, LOGIN, Target, targets
from tests.faults.tunnel import Break
from tests.promises.conftest import EXHAUSTIVE

SAMPLE = 50
TWO_FAULTS = 200 if EXHAUSTIVE else 20
Benches = Mapping[str, Bench]


def every_case(benches: Benches) -> list[Case]:
    """Every request of either estate with every fault that it can meet; what both estates' runs ask for, on one of the
    two, drawn by seeded dice."""
    dice = random.Random(6)
    askers: dict[tuple[Target, str], list[str]] = {}
    for estate in ESTATES:
        for pair in benches[estate].pairs:
            askers.setdefault(pair, []).append(estate)
    return sorted((dice.choice(estates), (pair,)) for pair, estates in askers.items())


def sample(cases: list[Case]) -> list[Case]:
    """A seeded sample in which every fault occurs."""
    dice = random.Random(6)
    once = {name: [case for case in cases if case[1][0][1] == name] for name in FAULTS}
    chosen = [dice.choice(of_one) for of_one in once.values()]
    return sorted({*chosen, *dice.sample(cases, SAMPLE)})


def test_one_fault_never_concludes_more(
    benches: Benches, evidence: Callable[[str, int], None], capfd: pytest.CaptureFixture[str]
) -> None:
    cases = every_case(benches) if EXHAUSTIVE else sample(every_case(benches))

    def progress(done: int) -> None:
        if EXHAUSTIVE and done % 100 == 0:
            with capfd.disabled():
                sys.stdout.write(f"  {done} of {len(cases)} requests × faults\n")
                sys.stdout.flush()

    results = meet_all(cases, progress)
    bad = [result for result in results if result.wrongs]
    evidence("requests of a run, both estates", sum(len(benches[estate].targets) for estate in ESTATES))
    evidence("faults", len(FAULTS))
    evidence("requests × faults tried", len(results))
    evidence("false conclusions", sum(any("became" in said for said in each.wrongs) for each in bad))
    evidence("crashes", sum(each.crashed for each in bad))
    assert not bad, f"{len(bad)} of {len(results)}\n" + "\n".join(map(str, bad[:20]))


@settings(
    max_examples=TWO_FAULTS, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(chance=st.randoms(use_true_random=False), estate=st.sampled_from(ESTATES))
def test_two_faults_never_conclude_more(benches: Benches, chance: random.Random, estate: str) -> None:
    bench = benches[estate]
    met = chance.sample(bench.pairs, 2)
    assert wrongs(bench.usual, bench.meet(*met), met) == [], met


BREAKS: tuple[Break, ...] = ("refused", "reset", "garbage", "untrusted")


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize(
    "host", [ARM, LOGIN, "acrmonozu.azurecr.io", "kv-mz-cloud-prd.vault.azure.net"], ids=lambda host: host.split(".")[0]
)
def test_a_host_that_cannot_be_reached_is_a_gap(benches: Benches, host: str, broken: Break) -> None:
    """The connection is refused or reset, or what answers does not speak TLS, or not with a certificate to trust."""
    bench = benches["compliant"]
    after = bench.run([], PATIENCE, {host: broken})
    met = [(target, broken) for target in bench.targets if target.host == host and not target.later]
    assert wrongs(bench.usual, after, met) == []
    assert after.code == (4 if host == LOGIN else 3)
    assert not any(request.host == host for request in after.requests)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("where", [r"vault\.azure\.net/secrets/", r"azurecr\.io/acr/v1/", r"azurecr\.io/oauth2/"])
def test_a_fault_in_the_challenge_is_a_gap_or_nothing(benches: Benches, where: str, nth: int, status: int) -> None:
    """A data plane first refuses and names its tokens' issuer: the fault strikes then, or right after."""
    from azure.keyvault.secrets._shared import http_challenge_cache  # the SDK offers no other way to forget

    http_challenge_cache.clear()
    bench = benches["compliant"]
    after = bench.run([Fault(where, Status(status), nth)], PATIENCE)
    assert after.report is not None
    assert disagreements(after) == []
    met = [(t, "") for t in bench.targets if t.vault or t.registry]
    assert [said for said in wrongs(bench.usual, after, met) if "became" in said] == []


def test_no_link_is_followed_to_another_host(benches: Benches) -> None:
    bench = benches["compliant"]
    lists = [target for target, name in bench.pairs if name == "nextLink to another host"]
    assert len(lists) > 20
    bench.run([fault for each in lists for fault in bench.fault(each, "nextLink to another host")], PATIENCE)
    assert [host for host in bench.refused if "example" in host] == []


def test_an_empty_page_is_not_the_end(benches: Benches) -> None:
    """The one fault after which all is as before: the items are on the page after the empty one."""
    bench = benches["compliant"]
    lists = [t for t, name in bench.pairs if name == "empty page with nextLink" and not _paged(t)]
    after = bench.run([fault for each in lists for fault in bench.fault(each, "empty page with nextLink")], PATIENCE)
    assert len(targets(after.requests)) == len(bench.targets) + len(lists)
    assert after.code == 0


def _paged(target: Target) -> bool:
    return "skiptoken" in target.query or "last=" in target.query


def test_a_404_is_an_observation_only_where_it_is_azures_word(benches: Benches) -> None:
    """The exclusions of the law: each is a 404 about what its request names, and changes findings as it should."""
    excluded = {name for t, name in benches["compliant"].pairs if own_word(t, name)}
    assert excluded == {
        f"404 {code}"
        for code in (
            "ResourceNotFound",
            "ResourceGroupNotFound",
            "ParentResourceNotFound",
            "SecretNotFound",
            "ContainerNotFound",
            "NotFound",
            "NAME_UNKNOWN",
        )
    }
    site = next(t for t in benches["compliant"].targets if t.path.endswith("/sites/app-monozu-cloud-prd"))
    assert benches["compliant"].meet((site, "404 ResourceNotFound")).code == 1


def test_the_law_can_be_broken(benches: Benches) -> None:
    """An answer that the product must believe, held against the usual one, is seen as a change."""
    bench = benches["compliant"]
    site = next(t for t in bench.targets if t.path.endswith("/sites/app-monozu-cloud-prd"))
    after = bench.meet((site, "404 ResourceNotFound"))
    assert any("became fail" in said for said in wrongs(bench.usual, after, [(site, "404 of nobody")]))
