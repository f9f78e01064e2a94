"""Whether tables were written again after a resume: what was held, which tables that concerns, what to query in BigQuery."""
