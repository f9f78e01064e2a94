"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# A Terraform of a few jobs takes four times as long when it tidies its memory as when it leaves that until it has much:
# https://go.dev/doc/gc-guide#GOGC
os.environ.setdefault("GOGC", "off")
os.environ.setdefault("GOMEMLIMIT", "512MiB")

# No test asserts a time: on a busy machine an example may take long, and says nothing about what it shows.
settings.register_profile("interlock", deadline=None)
settings.load_profile("interlock")
