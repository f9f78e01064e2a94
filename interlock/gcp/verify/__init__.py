"""What only `interlock verify` reads of Google Cloud; the coordinator's archive leaves it out."""
