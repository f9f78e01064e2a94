"""What the coordinator does: requests, reconcile, catch-up, the ledger, the declaration's file. Pure but for its ports."""
