"""Every way of seeing one thing less, of what production's rules look at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mzaudit import rule_testing
from mzaudit.rule_testing import blind as blind
from mzaudit.snapshot.estate import Snapshot

_IDENTITIES = ("].properties=hidden", "].identity=hidden")


def one_less(seen: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    """The path of what was hidden, and the snapshot without it; of other environments only what production's rules
    ask of them, which is who their identities are."""
    return rule_testing.one_less(
        seen, lambda path: not re.search(r"-(dev|stg)\b|monozu(dev|stg)\b", path) or path.endswith(_IDENTITIES)
    )
