"""The JSON Schemas of the policy's files, for editors: each file names its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from mzaudit.policy.models import Policy
from mzaudit.policy.requirements import Requirements
from mzaudit.policy.resources.resource_models import BaselineFile
from mzaudit.policy.strict import Strict
from mzaudit.policy.waivers import WaiverFile

SCHEMAS: Mapping[str, type[Strict]] = MappingProxyType(
    {
        "baseline.schema.json": BaselineFile,
        "policy.schema.json": Policy,
        "requirements.schema.json": Requirements,
        "waivers.schema.json": WaiverFile,
    }
)


def json_schema(name: str = "policy.schema.json") -> str:
    """A schema as JSON text, the same on every call; that of the policy describes one in a single file."""
    schema = SCHEMAS[name].model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=1) + "\n"
