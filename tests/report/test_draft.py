"""The drafted policy: valid whatever Azure's names hold, and the policy that it was drafted from."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.engine.adoption_matching import MatchBasis, NameMatch
from mzaudit.engine.results import Status
from mzaudit.policy.loader.load import load
from mzaudit.report.policy_draft import bindings, differences, text
from mzaudit.rules import vocabulary
from tests.built_estate import POLICIES
from tests.report.sample import HOSTILE, UNREADABLE, finding, hostile

POLICY = load(POLICIES, vocabulary()).policy


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_name_can_leave_its_comment(case: str, tmp_path: Path) -> None:
    path = ("registries", "main", "name")
    bound = [
        NameMatch(
            ("registries", "main", "name"),
            "x",
            case,
            case,
            "default",
            case,
            how,
            (f"/subscriptions/s/resourceGroups/{case}/x/{case}",),
        )
        for how in MatchBasis
    ]
    comments: dict[tuple[str, ...], list[str]] = {
        path: [line for one in bound for line in bindings([one], "prd")[one.path]]
    }
    made = text(POLICY, (case, *differences(hostile(case).findings)), comments, (case,))
    file = tmp_path / "draft.yaml"
    file.write_text(made, encoding="utf-8", errors="surrogatepass")
    assert load(file, vocabulary()).policy == POLICY


def test_what_differs_and_what_was_not_seen_is_listed_and_counted() -> None:
    found = [finding("KV-003", f"kv/S{n}", Status.FAIL, note="It is not there.") for n in range(70)]
    unseen = finding("KV-006", "S", Status.INCONCLUSIVE, gaps=(UNREADABLE,))
    lines = list(differences([finding("KV-001", "kv", Status.PASS), *found, unseen]))
    assert lines[:2] == ["DIFFERS (70):", "  KV-003 kv/S0: It is not there."]
    assert lines[61] == "  and 10 more; `mzaudit check` with this policy tells them all"
    assert lines[62:] == [
        "NOT SEEN (1):",
        "  KV-006 S: forbidden: GET rg-monozu-prd/vaults/kv-mz-cloud-prd/secrets (ForbiddenByRbac)",
    ]
