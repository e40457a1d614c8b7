"""What holds for every test: random examples are the same on every machine, and no clock decides."""

from hypothesis import settings

settings.register_profile("mzaudit", derandomize=True, deadline=None)
settings.load_profile("mzaudit")
