"""What holds for every test: random examples are the same on every machine, and no clock decides."""

import gc
import os

from hypothesis import settings

settings.register_profile("mzaudit", derandomize=True, deadline=None)
settings.load_profile("mzaudit")

# To look for garbage among all that the tests import costs a seventh of their time.
gc.set_threshold(100_000)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests of services that are silent wait."""
    return (os.cpu_count() or 1) + 1
