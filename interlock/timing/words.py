"""Schedules in words, for people who don't read cron."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim

from interlock.cron import Cron

ANY_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
"""cronsim wants one to start at; the words don't depend on it."""


def in_words(schedule: Cron) -> str:
    """`schedule` in English, as `At 06:15 every day`. Without a time zone, as the schedule itself: say the zone beside it."""
    return CronSim(schedule.text, ANY_INSTANT).explain()
