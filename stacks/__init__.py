"""How the catalog becomes Terraform: one module a stack, and what they share; only `cdk.py` imports cdktf."""
