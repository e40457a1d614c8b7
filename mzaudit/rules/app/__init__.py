"""App Service: the documented backends, their plans, their identity (APP)."""

from mzaudit.engine.rule import Area

AREA = Area("APP", "the App Services: there, on Linux, large enough, with an identity of their own")
