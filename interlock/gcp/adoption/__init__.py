"""What only `interlock adopt` reads of Google Cloud; the coordinator's archive leaves it out."""
