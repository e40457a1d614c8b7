"""What a resource group holds, read through the real SDK: pages, ids in another case, cut lists and refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mzaudit.azure import Scope
from mzaudit.azure.client.caller_permissions import allows
from mzaudit.cli.resolve import load_policy
from mzaudit.drill.simulated_estates import build
from mzaudit.simulator import Alter, Fault, StatusFault, serve
from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.snapshot.authorization import Permission
from mzaudit.snapshot.inventory import InventoryItem
from mzaudit.snapshot.observed import GapReason, Listing
from mzaudit.snapshot.text.ids import key
from tests.azure.estates import Names, take

LIST = r"GET /subscriptions/[^/]+/resourceGroups/rg-monozu-prd/resources$"


def listed(
    change: Callable[[Estate, Names], object] = lambda estate, names: None, faults: Sequence[Fault] = ()
) -> tuple[Listing[InventoryItem], Names, int]:
    """The list of the production group, and how many requests it took."""
    estate = build("compliant", load_policy(None, shipped=True))
    estate.page_size = 3
    names = Names(estate.subscriptions[0])
    change(estate, names)
    with serve(estate, faults) as sim:
        found = take(sim, scope=Scope({"prd": estate.subscriptions[0]}, inventories=(names.group,)))
        asked = sum(one.path.endswith("/resources") for one in sim.requests)
    return found.inventory(names.group), names, asked


def add_machine(estate: Estate, names: Names) -> None:
    estate.know("Microsoft.Compute/disks")
    machine = f"{names.group}/providers/Microsoft.Compute/virtualMachines/vm"
    estate.add(
        {
            "id": f"{names.group}/providers/Microsoft.Compute/disks/os",
            "name": "os",
            "type": "Microsoft.Compute/disks",
            "managedBy": machine,
        }
    )


def test_every_page_is_read_and_every_spelling() -> None:
    found, names, asked = listed(add_machine)
    assert found.gap is None
    assert asked > 1
    assert len({key(each.id) for each in found.items}) == len(found.items) > 3
    assert any("/RG-MONOZU-PRD/" in each.id for each in found.items), "the list spells groups as it likes"
    disk = next(each for each in found.items if each.id.endswith("/disks/os"))
    assert disk.managed_by == f"{names.group}/providers/Microsoft.Compute/virtualMachines/vm"


def in_two_spellings(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"value": [*body["value"], *(each | {"id": each["id"].upper()} for each in body["value"])]}


def test_what_is_listed_in_two_spellings_is_one_thing() -> None:
    found, _, _ = listed(faults=(Fault(LIST, Alter(in_two_spellings)),))
    assert found.gap is None
    assert len({key(each.id) for each in found.items}) == len(found.items) > 3


def test_a_cut_list_says_so() -> None:
    def apps_alone(estate: Estate, names: Names) -> None:
        estate.revoke(estate.auditor.oid, "Reader")
        estate.assign(estate.auditor.oid, "Website Contributor", names.group)

    found, _, _ = listed(apps_alone)
    assert found.gap is not None
    assert (found.gap.reason, found.gap.permission) == (GapReason.PARTIAL, "*/read")


def foreign(body: dict[str, object]) -> dict[str, object]:
    return body | {"value": [{"id": "/subscriptions/x/resourceGroups/other/providers/A.B/c/d", "type": "A.B/c"}]}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(LIST, StatusFault(403)), GapReason.FORBIDDEN),
        (Fault(LIST, Alter(foreign)), GapReason.MALFORMED),
    ],
    ids=["refused", "items of another group"],
)
def test_what_is_not_read_is_a_gap(fault: Fault, reason: GapReason) -> None:
    found, _, _ = listed(faults=(fault,))
    assert found.items == ()
    assert found.gap is not None
    assert found.gap.reason is reason


@pytest.mark.parametrize(
    ("blocks", "all_of_it"),
    [
        ([Permission(actions=("*",))], True),
        ([Permission(actions=("*/read",))], True),
        ([Permission(actions=("Microsoft.Web/*/read",))], False),
        ([Permission(actions=("*",), not_actions=("Microsoft.Authorization/*/Write",))], True),
        ([Permission(actions=("*",), not_actions=("Microsoft.Compute/*",))], False),
        ([Permission(actions=("*",), not_actions=("Microsoft.Compute/disks/READ",))], False),
        ([Permission(actions=("*",), not_actions=("Microsoft.Compute/*",)), Permission(actions=("*/read",))], True),
        ([], False),
    ],
)
def test_reading_everything(blocks: list[Permission], all_of_it: bool) -> None:
    assert allows(blocks, "*/read") is all_of_it
