"""The custom role definitions, drawn from the collector's own declarations: JSON for the Azure CLI, and Bicep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from mzaudit.azure.required_permissions import NEEDS, Need, Role

Definition = dict[str, str | bool | list[str]]

_DESCRIPTIONS = {
    Role.READER: "Reads the configuration that mzaudit checks; no setting and no secret value.",
    Role.SETTINGS: "Lists app settings, connection strings and storage mounts of apps, with their values.",
    Role.VALUES: "Reads secret values, to compare them, and the names of deleted secrets.",
}


def definition(role: Role, scopes: Sequence[str], further: Iterable[Need] = ()) -> Definition:
    """One role as `az role definition create` takes it, assignable at these scopes; `further` is needed beside what
    every estate needs, for the types that a policy names."""
    needs = tuple(dict.fromkeys((*NEEDS, *further)))
    return {
        "Name": role.value,
        "IsCustom": True,
        "Description": _DESCRIPTIONS[role],
        "Actions": sorted(each.permission for each in needs if each.role is role and not each.data),
        "NotActions": [],
        "DataActions": sorted(each.permission for each in needs if each.role is role and each.data),
        "NotDataActions": [],
        "AssignableScopes": list(scopes),
    }


def as_json(roles: Mapping[Role, Sequence[str]], further: Iterable[Need] = ()) -> str:
    """The definitions with their assignable scopes: one role alone is an object, several are an array of them."""
    further = tuple(further)
    bodies = [definition(role, scopes, further) for role, scopes in roles.items()]
    return json.dumps(bodies[0] if len(bodies) == 1 else bodies, indent=2) + "\n"


def as_bicep(roles: Mapping[Role, Sequence[str]], further: Iterable[Need] = ()) -> str:
    """The same as a Bicep template, to be deployed to a subscription."""
    further = tuple(further)
    parts = ["targetScope = 'subscription'\n"]
    for role, scopes in roles.items():
        body = definition(role, scopes, further)
        permission = {name: body[name] for name in ("Actions", "NotActions", "DataActions", "NotDataActions")}
        lines = [
            f"resource {role.name.casefold()} 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {{",
            f"  name: guid(subscription().id, {_quoted(role.value)})",
            "  properties: {",
            f"    roleName: {_quoted(role.value)}",
            f"    description: {_quoted(_DESCRIPTIONS[role])}",
            "    type: 'CustomRole'",
            "    permissions: [",
            "      {",
            *(line for name, entries in permission.items() for line in _array(name, entries, " " * 8)),
            "      }",
            "    ]",
            *_array("AssignableScopes", body["AssignableScopes"], " " * 4),
            "  }",
            "}\n",
        ]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _array(name: str, entries: str | bool | list[str], indent: str) -> list[str]:
    assert isinstance(entries, list)
    name = name[0].lower() + name[1:]
    if not entries:
        return [f"{indent}{name}: []"]
    return [f"{indent}{name}: [", *(f"{indent}  {_quoted(each)}" for each in entries), f"{indent}]"]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{escaped}'"
