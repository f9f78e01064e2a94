"""The pure core of Interlock: what jobs are declared, what holds them, and why."""
