"""Terraform's own formats: a plan's JSON, the facts beside a stack, outputs."""
