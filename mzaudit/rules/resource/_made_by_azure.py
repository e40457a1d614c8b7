"""What Azure makes by itself with a resource: nobody documents it, and nobody made it by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mzaudit.kinds import ACTION_GROUP, COMPONENT, SERVER, SMART_DETECTOR
from mzaudit.snapshot.text import ids, wildcard


@dataclass(frozen=True, slots=True)
class MadeByAzure:
    """Resources of a type that come with one of the type `beside`; `name` is a pattern, in which `{name}` is that
    one's. `source` is the page that says so, or shows it."""

    type: str
    name: str
    beside: str
    source: str


MADE: Final = (
    MadeByAzure(
        str(SMART_DETECTOR),
        "Failure Anomalies - {name}",
        str(COMPONENT),
        "https://learn.microsoft.com/azure/azure-monitor/alerts/proactive-failure-diagnostics",
    ),
    MadeByAzure(
        str(ACTION_GROUP),
        "Application Insights Smart Detection",
        str(COMPONENT),
        "https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-smart-detections-migration",
    ),
    MadeByAzure(
        f"{SERVER}/databases",
        "master",
        str(SERVER),
        "https://learn.microsoft.com/azure/azure-sql/database/logical-servers",
    ),
    MadeByAzure(
        "Microsoft.Network/networkInterfaces",
        "{name}.nic.*",
        "Microsoft.Network/privateEndpoints",
        "https://learn.microsoft.com/azure/cloud-shell/vnet/deployment",
    ),
)


def is_made_by_azure(resource_id: str, documented: Iterable[str]) -> bool:
    """Whether Azure makes a resource by itself with one of the documented ids: in its group, as a part of it if the
    type says so."""
    kind, called = ids.type_of(resource_id).casefold(), ids.name(resource_id).casefold()
    rows = [row for row in MADE if row.type.casefold() == kind]
    return any(
        wildcard.matches(row.name.replace("{name}", ids.name(each)).casefold(), called)
        for row in rows
        for each in documented
        if ids.type_of(each).casefold() == row.beside.casefold() and ids.covers(_home(row, each), resource_id)
    )


def _home(row: MadeByAzure, documented: str) -> str:
    return documented if row.type.startswith(f"{row.beside}/") else ids.group_of(documented)
