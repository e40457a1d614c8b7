"""From YAML files to a checked policy, or to every diagnostic at once, each with its file and line."""
