"""Reads workbooks, portal dashboards and dashboards with Grafana: what they show, in any spelling of an id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

from pydantic import JsonValue

from mzaudit.azure.readers.wire_models import Resource
from mzaudit.snapshot.insights import Dashboard
from mzaudit.snapshot.text.ids import key

_RESOURCE_ID = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/\"'\\\s,;|?&#]+/providers/[^/\"'\\\s]+/[^/\"'\\\s]+/[^/\"'\\\s,;|?&#)\]}]+",
    re.IGNORECASE,
)
# Every resource of the type in this tag has the dashboard on its page:
# https://learn.microsoft.com/azure/azure-monitor/visualize/visualize-use-grafana-dashboards
_SHOWN_AT = "grafanadashboardresourcetype"
_DEEPEST = 4  # JSON in JSON in JSON: what a part of a dashboard holds of a workbook


class DashboardBody(Resource):
    """A workbook or portal dashboard."""

    properties: dict[str, JsonValue] | None = None


def dashboard(body: DashboardBody) -> Dashboard:
    """A portal dashboard, whose lists hold it whole."""
    return Dashboard(body.id, body.name, _shown(body))


def workbook(body: DashboardBody) -> Dashboard:
    """A workbook; Azure may keep its content back although it was asked for."""
    content = (body.properties or {}).get("serializedData")
    return Dashboard(body.id, body.name, _shown(body), whole=isinstance(content, str))


class GrafanaDashboardBody(Resource):
    """An Azure Monitor dashboard with Grafana. Its panels are no part of it, and choose resources when opened."""

    tags: dict[str, str | None] | None = None


def grafana_dashboard(body: GrafanaDashboardBody) -> Dashboard:
    """A dashboard with Grafana: it shows each resource of a type that it is tagged for, or nobody can tell what."""
    told = {name.casefold(): value for name, value in (body.tags or {}).items()}.get(_SHOWN_AT)
    kinds = sorted(each.strip().casefold() for each in (told or "").split(",") if each.strip())
    return Dashboard(body.id, body.name, tuple(kinds), whole=bool(kinds))


def _shown(body: DashboardBody) -> tuple[str, ...]:
    return tuple(sorted({key(each) for each in _ids(body.properties, _DEEPEST)}))


def _ids(node: JsonValue, depth: int) -> Iterator[str]:
    """Every resource id in a body: written out, url-encoded, in JSON inside a text, or the parts of a component's."""
    if isinstance(node, str):
        inner = _parsed(node) if depth > 0 else None
        if inner is not None:
            yield from _ids(inner, depth - 1)
        else:
            yield from _RESOURCE_ID.findall(unquote(unquote(node)).replace("\\/", "/"))
    elif isinstance(node, list):
        for each in node:
            yield from _ids(each, depth)
    elif isinstance(node, dict):
        parts = {name.casefold(): value for name, value in node.items()}
        subscription, group, name = (parts.get(each) for each in ("subscriptionid", "resourcegroup", "name"))
        if "resourceid" not in parts and isinstance(subscription, str) and isinstance(group, str):
            yield (
                f"/subscriptions/{subscription}/resourceGroups/{group}/providers/microsoft.insights/components/{name}"
            )
        for each in node.values():
            yield from _ids(each, depth)


def _parsed(text: str) -> dict[str, JsonValue] | list[JsonValue] | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
