"""Names bound to what an estate holds: the documented one first, a guess only where it is the only one."""

from __future__ import annotations

import pytest

from mzaudit.engine.adoption_matching import MatchBasis, NameMatch, beyond, bind_names, inventory_of
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.snapshot.observed import Listing
from tests.blindfold import blind
from tests.built_estate import POLICIES, compliant, gap

POLICY = load(POLICIES, vocabulary()).policy
SITES = "Microsoft.Web/sites"
ROOT = "/subscriptions/s/resourceGroups"


def sites(*names: str) -> list[str]:
    return [f"{ROOT}/{name if '/' in name else 'rg/' + name}".replace("/rg/", "/rg/providers/x/") for name in names]


def bound(*names: str, env: str = "prd", unread: bool = False) -> NameMatch:
    """What the app of the service `cloud` is bound to."""
    listing = Listing(tuple(sites(*names)), gap() if unread else None)
    return next(one for one in bind_names(POLICY, env, {SITES: listing}) if one.path == ("services", "cloud", "app"))


CASES: dict[str, tuple[tuple[str, ...], MatchBasis, str]] = {
    "as documented": (
        ("rg-monozu-prd/app-monozu-cloud-prd", "web-cloud-prd"),
        MatchBasis.DOCUMENTED,
        "app-monozu-cloud-{env}",
    ),
    "in other letters": (("RG-monozu-PRD/APP-monozu-cloud-PRD",), MatchBasis.DOCUMENTED, "app-monozu-cloud-{env}"),
    "in another group": (("rg-other/app-monozu-cloud-prd",), MatchBasis.MOVED, "app-monozu-cloud-{env}"),
    "the only one of its word": (("web-cloud-prd", "web-manage-prd"), MatchBasis.LIKELY, "web-cloud-{env}"),
    "without the environment in its name": (("cloud-backend", "web-manage-prd"), MatchBasis.LIKELY, "cloud-backend"),
    "this environment's before one of none": (("cloud-backend", "cloud-prd-1"), MatchBasis.LIKELY, "cloud-{env}-1"),
    "the environment twice in its name": (("prd-cloud-prd",), MatchBasis.LIKELY, "prd-cloud-prd"),
    "another environment's": (("app-monozu-cloud-stg",), MatchBasis.MISSING, "app-monozu-cloud-{env}"),
    "another environment's group": (("rg-stg/cloud",), MatchBasis.MISSING, "app-monozu-cloud-{env}"),
    "two that may be meant": (("cloud-a-prd", "cloud-b-prd"), MatchBasis.MISSING, "app-monozu-cloud-{env}"),
    "nothing": ((), MatchBasis.MISSING, "app-monozu-cloud-{env}"),
    "nothing like it": (("portal-prd",), MatchBasis.MISSING, "app-monozu-cloud-{env}"),
    "what another name means": (("app-monozu-manage-prd",), MatchBasis.MISSING, "app-monozu-cloud-{env}"),
}


@pytest.mark.parametrize("case", CASES)
def test_bound(case: str) -> None:
    names, how, template = CASES[case]
    one = bound(*names)
    assert (one.how, one.template) == (how, template)
    assert one.documented == "app-monozu-cloud-{env}"
    assert one.group == "rg-monozu-prd"
    assert (
        len(one.ids) == 1 if how in (MatchBasis.DOCUMENTED, MatchBasis.MOVED, MatchBasis.LIKELY) else len(one.ids) != 1
    )


def test_what_was_not_listed_is_not_missing() -> None:
    assert bound(unread=True).how is MatchBasis.UNSEEN
    assert bound("rg-monozu-prd/app-monozu-cloud-prd", unread=True).how is MatchBasis.DOCUMENTED
    assert bound("cloud-a-prd", "cloud-b-prd").ids == tuple(sites("cloud-a-prd", "cloud-b-prd"))


def test_what_no_name_means_is_left() -> None:
    listing = {SITES: Listing(tuple(sites("app-monozu-cloud-prd", "cloud-a-stg", "portal")))}
    assert beyond(bind_names(POLICY, "prd", listing), listing) == tuple(sites("cloud-a-stg", "portal"))


def test_a_snapshot_tells_what_it_saw() -> None:
    assert {one.how for one in bind_names(POLICY, "prd", inventory_of(compliant()))} == {MatchBasis.DOCUMENTED}
    assert {one.how for one in bind_names(POLICY, "prd", inventory_of(blind(compliant())))} == {MatchBasis.UNSEEN}
