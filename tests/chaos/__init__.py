"""`make chaos`: a virtual month of the deployed coordinator, whose processes, calls and clocks fail all the time.

`fleet.py` has the processes and what befalls them, `people.py` what is done meanwhile, `month.py` the clock and the looks, and
`truth.py` the invariants.
"""
