"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test asserts a time: on a busy machine an example may take long, and says nothing about what it shows.
settings.register_profile("interlock", deadline=None)
settings.load_profile("interlock")
