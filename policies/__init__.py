"""Policy: what a schedule has to keep, as pure rules, and their wrappers for checkov."""
