"""Law 6: any one failed call, end to end through the real SDK: each finding stays or becomes inconclusive, the exit
code and every format say so, nothing crashes or hangs, and the finding names the call and what would cure it.

`make test` looks at a sample; MZAUDIT_EVIDENCE=1 meets every fault at every request. The services answer in memory; one
case in ten is met on the wire too, and must end alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pytest

from mzaudit.engine.results import Report, Status
from mzaudit.simulator import Fault
from mzaudit.simulator import StatusFault as Answered
from mzaudit.snapshot.observed import GapReason
from tests.faults.bench import PATIENCE, Bench, Outcome
from tests.faults.catalogue import FAULTS, contradicted, own_word
from tests.faults.conftest import ESTATES, Case, Tried
from tests.faults.law import apart, disagreements, wrongs
from tests.faults.targets import ARM, LOGIN, Target, targets, tells_of
from tests.faults.tunnel import BREAKS, Break
from tests.promises.conftest import EXHAUSTIVE

SAMPLE = 50
PAIRS, HANDS = (5_000, 100) if EXHAUSTIVE else (24, 6)
Benches = Mapping[str, Bench]


def sample(cases: Sequence[Case]) -> list[Case]:
    """A seeded sample in which every fault occurs."""
    dice = random.Random(6)
    once = [dice.choice([case for case in cases if case.fault == name]) for name in FAULTS]
    return sorted({*once, *dice.sample(cases, SAMPLE)})


def test_what_there_is_to_try(benches: Benches, cases: Sequence[Case], evidence: Callable[[str, int], None]) -> None:
    assert {case.fault for case in cases} == set(FAULTS)
    evidence("requests of a run, three estates", sum(len(benches[estate].targets) for estate in ESTATES))
    evidence("faults", len(FAULTS))
    evidence("requests × faults", len(cases))


def comparable(cases: Sequence[Case]) -> list[Case]:
    """Those that ask for the same on the wire: which service's token is asked for third, say, is the network's to
    decide."""
    return [case for case in cases if case.target.host != LOGIN or not case.target.turns]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_never_concludes_more(
    fault: str, benches: Benches, cases: Sequence[Case], tried: Tried, evidence: Callable[[str, int], None]
) -> None:
    """Every fault is a test of its own, so that as many are tried side by side as there are workers."""
    every = cases if EXHAUSTIVE else sample(cases)
    on_the_wire = set(random.Random(10).sample(comparable(every), len(every) // 10))
    for case in every:
        if case.fault == fault:
            look = partial(_met, benches[case.estate], [(case.target, fault)], case in on_the_wire)
            evidence("false conclusions", tried.one(str(case), look))
            evidence("requests × faults tried", 1)
            evidence("requests × faults tried on the wire too", case in on_the_wire)
    tried.well()


def _met(bench: Bench, met: Sequence[tuple[Target, str]], on_the_wire: bool = False) -> list[str]:
    after = bench.meet(*met)
    found = wrongs(bench.usual, after, met)
    return found + apart(after, bench.meet_on_the_wire(*met)) if on_the_wire else found


@pytest.mark.parametrize("hand", range(HANDS))
def test_two_faults_never_conclude_more(
    hand: int, benches: Benches, tried: Tried, evidence: Callable[[str, int], None]
) -> None:
    """Two requests of one run meet a fault each, drawn by seeded dice."""
    dice = random.Random(hand)
    for _ in range(PAIRS // HANDS):
        bench = benches[dice.choice(ESTATES)]
        first, second = dice.sample(bench.pairs, 2)
        while second[0].same(first[0]):  # only one of its faults would strike
            second = dice.choice(bench.pairs)
        met = [first, second]
        what = " and ".join(f"{name} at {target}" for target, name in met)
        evidence("false conclusions of pairs", tried.one(what, partial(_met, bench, met)))
        evidence("pairs of faults tried", 1)
    tried.well()


SQL = "sql-monozu-prd.database.windows.net"
VAULTS = ("kv-mz-cloud-prd.vault.azure.net", "kv-mz-manage-prd.vault.azure.net")
HOSTS = (ARM, LOGIN, "acrmonozu.azurecr.io", *VAULTS)


def test_every_host_is_broken(benches: Benches) -> None:
    assert {target.host for bench in benches.values() for target in bench.targets} == set(HOSTS)


@pytest.mark.wire
@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.split(".")[0])
def test_a_host_that_cannot_be_reached_is_a_gap(benches: Benches, host: str, broken: Break) -> None:
    """The connection is refused or reset, or what answers does not speak TLS, or not with a certificate to trust, or
    says nothing."""
    bench = benches["compliant"]
    after = bench.without(host, broken)
    met = [(target, broken) for target in bench.targets if target.host == host and not target.turns]
    assert wrongs(bench.usual, after, met) == []
    assert after.code == (4 if host == LOGIN else 3)
    assert not any(request.host == host for request in after.requests)


@pytest.mark.wire
@pytest.mark.parametrize("broken", BREAKS)
def test_a_database_that_cannot_be_reached_is_a_gap(benches: Benches, broken: Break) -> None:
    bench = benches["compliant"]
    after = bench.without(SQL, broken)
    assert after.report is not None
    assert disagreements(after) == []
    unseen = [finding for finding in after.report.findings if finding.status is Status.INCONCLUSIVE]
    assert {finding.rule for finding in unseen} == {f"SQL-{number:03}" for number in range(3, 9)}
    for gap in (gap for finding in unseen for gap in finding.gaps):
        assert gap.call.startswith(f"SQL {SQL}/")
        assert gap.reason is (GapReason.TIMEOUT if broken == "silent" else GapReason.UNREACHABLE)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("where", [r"vault\.azure\.net/secrets/", r"azurecr\.io/acr/v1/", r"azurecr\.io/oauth2/"])
def test_a_fault_in_the_challenge_is_a_gap_or_nothing(benches: Benches, where: str, nth: int, status: int) -> None:
    """A data plane first refuses and names its tokens' issuer: the fault strikes then, or right after."""
    from azure.keyvault.secrets._shared import http_challenge_cache  # the SDK offers no other way to forget

    http_challenge_cache.clear()
    bench = benches["compliant"]
    after = bench.run([Fault(where, Answered(status), nth)], PATIENCE)
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
    } | {"400 AadPremiumLicenseRequired"}
    snaps = next(t for t in benches["compliant"].targets if t.path.endswith("/containers/snaps"))
    assert benches["compliant"].meet((snaps, "404 ResourceNotFound")).code == 1


def test_what_contradicts_a_404_is_known(benches: Benches) -> None:
    """A part is gone for want of a parent, or of a group, that the same run has read."""
    bench = benches["compliant"]
    said = {
        (target.path.rpartition("/")[2], fault)
        for target, fault in bench.pairs
        if contradicted(target, fault, bench.usual.requests) and own_word(target, fault)
    }
    for part in ("slots", "secrets", "snaps", "Default", "web", "staging"):
        assert (part, "404 ParentResourceNotFound") in said, part
    for part in ("servers", "app-monozu-cloud-prd"):
        assert (part, "404 ResourceGroupNotFound") in said, part
    assert ("app-monozu-cloud-prd", "404 ResourceNotFound") in said  # of which parts were read
    for part in ("snaps", "Default", "acrmonozu"):  # which may be missing alone
        assert (part, "404 ResourceNotFound") not in said, part
    assert not {fault for _, fault in said} & {"404 ContainerNotFound", "404 NAME_UNKNOWN"}


@pytest.mark.parametrize("part", ["slots", "secrets", "snaps", "Default", "web"])
def test_a_404_that_the_run_contradicts_is_a_gap(part: str, benches: Benches) -> None:
    bench = benches["compliant"]
    where = next(
        t for t in bench.targets if t.path.endswith(f"/{part}") and t.host == ARM and "skiptoken" not in t.query
    )
    after = bench.meet((where, "404 ParentResourceNotFound"))
    assert any(tells_of(gap, where) for finding in reported(after).findings for gap in finding.gaps)
    assert [said for said in wrongs(bench.usual, after, [(where, "404 of nobody")]) if "became" in said] == []


def reported(after: Outcome) -> Report:
    """The report of a run that was not abandoned."""
    assert after.report is not None
    return after.report


def test_the_law_can_be_broken(benches: Benches) -> None:
    """An answer that the product must believe, held against the usual one, is seen as a change."""
    bench = benches["compliant"]
    snaps = next(t for t in bench.targets if t.path.endswith("/containers/snaps"))
    after = bench.meet((snaps, "404 ResourceNotFound"))
    assert any("became fail" in said for said in wrongs(bench.usual, after, [(snaps, "404 of nobody")]))
