"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ours", deadline=None)  # no test asserts a time: on a busy machine an example takes longer
settings.load_profile("ours")
