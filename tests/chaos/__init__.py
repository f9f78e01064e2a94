"""`make chaos`: a virtual month of the deployed coordinator, whose processes, calls and clocks fail all the time.

`fleet.py` has the processes and what befalls them, `truth.py` the invariants, `month.py` what happens when.
"""
