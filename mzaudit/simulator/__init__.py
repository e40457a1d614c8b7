"""A fake Azure on loopback: real host names, real challenges and real error bodies over a simulated estate.

It imports nothing of the auditor, so that no model of ours can hide a misreading of the wire.
"""

from __future__ import annotations

from datetime import datetime

from mzaudit.simulator.arm import activity_records
from mzaudit.simulator.arm.throttle import Throttle
from mzaudit.simulator.client_waits import Counts, Waves
from mzaudit.simulator.estates.compliant import compliant, empty, grant_custom_role
from mzaudit.simulator.estates.drifts import DRIFTS, plant
from mzaudit.simulator.estates.estate_plan import DOCUMENTED, Blueprint
from mzaudit.simulator.estates.large import NAME as LARGE
from mzaudit.simulator.estates.large import large
from mzaudit.simulator.estates.simulated_estate import (
    CANARY,
    Estate,
    SimulatedManifest,
    SimulatedPrincipal,
    SimulatedSecret,
    SqlGateway,
    Version,
    canary,
)
from mzaudit.simulator.fault_injection import (
    Alter,
    Fault,
    Hang,
    Html,
    Malformed,
    Recode,
    Reset,
    Slow,
    SqlFault,
    StatusFault,
    Truncated,
)
from mzaudit.simulator.server import Request, Simulator, serve
from mzaudit.simulator.sql.ledger import SqlRequest
from mzaudit.simulator.sql.sql_errors import ServerError

__all__ = [
    "CANARY",
    "DOCUMENTED",
    "DRIFTS",
    "ESTATES",
    "Alter",
    "Blueprint",
    "Counts",
    "Estate",
    "Fault",
    "Hang",
    "Html",
    "Malformed",
    "Recode",
    "Request",
    "Reset",
    "ServerError",
    "SimulatedManifest",
    "SimulatedPrincipal",
    "SimulatedSecret",
    "Simulator",
    "Slow",
    "SqlFault",
    "SqlGateway",
    "SqlRequest",
    "StatusFault",
    "Throttle",
    "Truncated",
    "Version",
    "Waves",
    "build",
    "canary",
    "grant_custom_role",
    "plant",
    "serve",
]

ESTATES = ("compliant", "drifted", "blind", "empty")
"""Besides these there is `large:N`, of at least N apps."""
_BLIND_READS = [
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Web/sites/read",
]


def build(name: str, blueprint: Blueprint = DOCUMENTED, midnight: datetime | None = None) -> Estate:
    """Build one of `ESTATES` or `large:N`, else ValueError. What drifts in `drifted` is prd's, by documented name; its
    dates and those of `compliant` count from `midnight`, by default today's in UTC."""
    match name:
        case "compliant":
            return compliant(blueprint, midnight)
        case "drifted":
            estate = compliant(blueprint, midnight)
            for drift in DRIFTS:
                plant(estate, drift)
            activity_records.plant(estate)
            return estate
        case "blind":
            return _blind(compliant(blueprint))
        case "empty":
            return empty(blueprint)
        case _ if apps := LARGE.fullmatch(name):
            return large(int(apps[1]))
        case _:
            raise ValueError(f"no estate is named {name!r}; there are {', '.join(ESTATES)}")


def _blind(estate: Estate) -> Estate:
    """The auditor sees resource groups and sites, and is refused everything else; no database knows it."""
    auditor = estate.auditor.oid
    for inside in estate.sql.values():
        inside.drop_user(estate.auditor.name)
    estate.role_assignments[:] = [a for a in estate.role_assignments if a["properties"]["principalId"] != auditor]
    guid = grant_custom_role(estate, "mzaudit sites only", _BLIND_READS)
    for subscription in estate.subscriptions:
        estate.assign(auditor, guid, f"/subscriptions/{subscription}")
    return estate
