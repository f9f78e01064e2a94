"""The coordinator: a Cloud Run function over the core."""
