"""The JSON Schema of a policy file, for editors."""

from __future__ import annotations

import json

from mzaudit.policy.models import Policy


def json_schema() -> str:
    """The schema as JSON text, the same on every call; it describes a policy in one file."""
    schema = Policy.model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=1) + "\n"
