"""From YAML files to a checked policy, or to diagnostics, each with its file and line."""
