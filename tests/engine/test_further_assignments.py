"""Who else holds a role on documented things, case by case."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mzaudit.access.further_assignments import further_access
from mzaudit.engine.results import FurtherAccess
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.snapshot.observed import Listing
from tests.built_estate import (
    POLICIES,
    READER,
    SECRETS_USER,
    SUBSCRIPTION,
    Bend,
    authorization,
    bent,
    gap,
    granted,
    principal,
    service,
    site,
    vault,
)

SOMEBODY = "77aa0000-0000-0000-0000-00000000a91f"
OPS = "77bb0000-0000-0000-0000-00000000a91f"
PIPELINE = "77cc0000-0000-0000-0000-00000000a91f"
APP, VAULT = service("cloud"), vault("cloud")
WHOLE = f"/subscriptions/{SUBSCRIPTION}"
GROUP = VAULT.id.rpartition("/providers/")[0]
UNKNOWN_ROLE = "12121212-7171-4242-9393-565656565656"


@cache
def bound(section: str = "undocumented: {}") -> Desired:
    """The shipped policy with a group of people, a pipeline and that section."""
    more = f"""
people:
  - object_id: {OPS}
    name: operations
    access: [{{role: Key Vault Secrets User, on: vaults.cloud}}]
pipelines:
  - {{object_id: {PIPELINE}, name: release pipeline}}
{section}
"""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text((POLICIES / "monozu.yaml").read_text("utf-8") + more, "utf-8")
        loaded = load(path, vocabulary(), "policy.yaml")
    return bind(loaded.policy, loaded.where, ("prd",), dict.fromkeys(loaded.policy.environments, SUBSCRIPTION))


def told(*bends: Bend) -> FurtherAccess:
    found = further_access(bound(), bent(*bends))
    assert found is not None
    return found


CASES: dict[str, tuple[Bend, tuple[tuple[str, str, str], ...]]] = {
    "on the thing": (granted(SOMEBODY, READER, VAULT.id), ((SOMEBODY, "Reader", VAULT.id),)),
    "within it": (
        granted(SOMEBODY, READER, f"{VAULT.id}/secrets/A"),
        ((SOMEBODY, "Reader", f"{VAULT.id}/secrets/A"),),
    ),
    "in its group": (granted(SOMEBODY, READER, GROUP), ((SOMEBODY, "Reader", GROUP),)),
    "in its subscription, in capitals": (
        granted(SOMEBODY.upper(), READER, WHOLE.upper()),
        ((SOMEBODY.upper(), "Reader", WHOLE.upper()),),
    ),
    "above every subscription": (granted(SOMEBODY, READER, "/"), ((SOMEBODY, "Reader", "/"),)),
    "of a management group": (
        granted(SOMEBODY, READER, "/providers/Microsoft.Management/managementGroups/m"),
        ((SOMEBODY, "Reader", "/providers/Microsoft.Management/managementGroups/m"),),
    ),
    "of a role that was not seen": (
        granted(SOMEBODY, UNKNOWN_ROLE, VAULT.id),
        ((SOMEBODY, UNKNOWN_ROLE, VAULT.id),),
    ),
    "on a group whose name begins alike": (granted(SOMEBODY, READER, f"{GROUP}-2"), ()),
    "on what is not documented": (
        granted(SOMEBODY, READER, f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm"),
        (),
    ),
    "of a documented service, which rules judge": (granted(principal(APP), READER, WHOLE), ()),
    "as documented": (granted(OPS, SECRETS_USER, VAULT.id), ()),
    "a documented role, further up": (
        granted(OPS, SECRETS_USER, GROUP),
        ((OPS, "Key Vault Secrets User", GROUP),),
    ),
    "another role than the documented one": (granted(OPS, READER, VAULT.id), ((OPS, "Reader", VAULT.id),)),
}


@pytest.mark.parametrize("case", CASES)
def test_cases(case: str) -> None:
    bend, expected = CASES[case]
    found = told(bend)
    assert tuple((one.principal, one.role, one.scope) for one in found.assignments) == expected
    assert found.gaps == ()


def test_the_nearest_come_first_and_who_the_policy_names_has_a_name() -> None:
    found = told(granted(SOMEBODY, READER, WHOLE), granted(PIPELINE, READER, GROUP), granted(OPS, READER, VAULT.id))
    assert [(one.scope, one.name) for one in found.assignments] == [
        (VAULT.id, "operations"),
        (GROUP, "release pipeline"),
        (WHOLE, ""),
    ]


def test_the_auditor_is_left_out() -> None:
    caller = bent().caller
    assert caller is not None
    assert told(granted(caller.object_id, READER, WHOLE)).assignments == ()


def test_what_was_not_seen_is_told_beside_what_was() -> None:
    cut = told(granted(SOMEBODY, READER, VAULT.id), authorization(assignments=Listing(gap=gap())))
    assert (cut.assignments, cut.gaps) == ((), (gap(),))
    hidden = told(site(APP, properties=gap("GET app")))
    assert {one.principal for one in hidden.assignments} == {principal(APP)}, "it may be the service's own"
    assert gap("GET app") in hidden.gaps


def test_nothing_is_told_where_the_policy_does_not_ask() -> None:
    assert further_access(bound(""), bent(granted(SOMEBODY, READER, VAULT.id))) is None


def test_only_environments_asked_for() -> None:
    other = next(env for env in bound().environments.values() if env.env != "prd")
    found = told(granted(SOMEBODY, READER, other.vaults[0].id))
    assert found.assignments == ()
    everywhere = replace(bound(), asked=tuple(bound().environments))
    both = further_access(everywhere, bent(granted(SOMEBODY, READER, WHOLE)))
    assert both is not None
    assert len(both.assignments) == 1, "one row, however many environments it reaches"
