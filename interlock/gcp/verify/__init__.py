"""What only `interlock verify` asks of Google Cloud; the coordinator's archive leaves it out."""
