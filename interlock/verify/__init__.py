"""What happened to the tables after a resume: what was held, which tables that concerns, and what to ask BigQuery."""
