"""`make policy`: checkov over what is synthesized and what is planned, and whether it has seen all of it."""
