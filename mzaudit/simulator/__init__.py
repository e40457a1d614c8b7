"""A fake Azure on loopback: real host names, real challenges and real error bodies over a simulated estate.

It imports nothing of the auditor, so that no model of ours can hide a misreading of the wire.
"""

from __future__ import annotations

from mzaudit.simulator.arm.throttle import Throttle
from mzaudit.simulator.client_waits import Counts, Waves
from mzaudit.simulator.estates.compliant import blind, compliant, empty, grant_custom_role
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
    "Alter",
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
    "blind",
    "canary",
    "compliant",
    "empty",
    "grant_custom_role",
    "serve",
]
