"""What the coordinator does with what it sees: requests, reconcile, the ledger. Pure but for its ports."""
