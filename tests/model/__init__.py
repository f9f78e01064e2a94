"""A model of everything around the run-time part, which a state machine takes apart: see `machine.py`."""
