"""Python runs this first in an instance: its waits between two tries pass fifty times faster than they would."""

import time

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(seconds / 50)
