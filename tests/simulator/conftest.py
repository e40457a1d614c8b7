"""One conforming estate that is served to every test that only reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mzaudit.simulator import Simulator, serve
from tests.documented_estate import build


@pytest.fixture(scope="package")
def sim() -> Iterator[Simulator]:
    """The conforming estate. A test that changes anything serves one of its own."""
    with serve(build("compliant")) as running:
        yield running
