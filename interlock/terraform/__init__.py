"""Terraform's own formats: a plan's JSON, a job's attributes, the facts beside them, outputs."""
