"""YAML to a catalog and an environment: the one place that imports pydantic and PyYAML."""
