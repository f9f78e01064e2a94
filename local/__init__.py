"""An embedded Google Cloud for this machine: REST emulator, Terraform provider and the runner that joins them.

A stand-in for development and tests, never in a production path. It imports nothing else of Interlock.
"""
