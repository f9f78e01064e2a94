"""YAML to a catalog and an environment: the one place that knows pydantic and PyYAML."""
