"""The dashboard: conflicts by table over weeks, held jobs, attempts, missed runs."""

from __future__ import annotations

import json

from interlock.catalog import Json
from interlock.environment import Environment
from interlock.runtime import events
from stacks.metrics import ATTEMPTS, ATTEMPTS_FAILED, CONFLICTS, HELD_JOBS, LIMITS, Metric, event_metric, metrics

COLUMNS, WIDTH, HEIGHT = 48, 24, 16
"""Of the mosaic, in its own units."""
DAY, HOUR = "86400s", "3600s"


def dashboard(env: Environment) -> str:
    """The dashboard as JSON, in the same bytes for the same environment."""
    known = metrics(env)
    charts = [
        _chart("Serialization conflicts a day, by table", [(CONFLICTS, "table", DAY)]),
        _chart("Held jobs", [(known[HELD_JOBS], "", HOUR)], kind="LINE"),
        _chart("Attempts an hour", [(ATTEMPTS, "", HOUR)]),
        _chart("Failed attempts an hour, by job", [(ATTEMPTS_FAILED, "job", HOUR)]),
        _chart("Missed runs a day, by job", [(known[event_metric(events.RUN_MISSED)], "job", DAY)]),
        _chart("Statements that failed at a limit a day, by table", [(LIMITS, "table", DAY)]),
        _chart(
            "Jobs that were not as they should be, an hour",
            [
                (known[event_metric(event)], "job", HOUR)
                for event in (events.ENABLED_WHILE_HELD, events.PAUSED_WITHOUT_HOLD, events.ACTION_FAILED, events.JOB_BROKEN)
            ],
        ),
        _chart(
            "Reconciles an hour, well and not",
            [
                (known[event_metric(event)], "", HOUR)
                for event in (events.RECONCILED, events.RECONCILE_FAILED, events.REQUEST_FAILED)
            ],
            kind="LINE",
        ),
    ]
    tiles: list[Json] = [_tile(index, chart) for index, chart in enumerate(charts)]
    content: Json = {
        "displayName": "Interlock",
        "labels": {"managed-by": "interlock"},
        "mosaicLayout": {"columns": COLUMNS, "tiles": tiles},
    }
    return json.dumps(content, sort_keys=True)


def _tile(index: int, chart: Json) -> Json:
    """The chart at its place. A place that is zero is left out: the API doesn't keep what is the default of its kind, and the
    provider would write it again at each deploy (terraform-provider-google, removeComputedKeys)."""
    place = {"xPos": index * WIDTH % COLUMNS, "yPos": index * WIDTH // COLUMNS * HEIGHT}
    return {**{key: at for key, at in place.items() if at}, "width": WIDTH, "height": HEIGHT, "widget": chart}


def _chart(title: str, series: list[tuple[Metric, str, str]], kind: str = "STACKED_BAR") -> Json:
    return {"title": title, "xyChart": {"dataSets": [_series(*one, kind=kind) for one in series]}}


def _series(metric: Metric, by: str, period: str, *, kind: str) -> Json:
    aggregation: dict[str, Json] = {
        "alignmentPeriod": period,
        # A distribution's own values, else a count.
        "perSeriesAligner": "ALIGN_PERCENTILE_99" if metric.value else "ALIGN_DELTA",
        "crossSeriesReducer": "REDUCE_MAX" if metric.value else "REDUCE_SUM",
    }
    if by:
        aggregation["groupByFields"] = [f"metric.label.{by}"]
    return {
        "minAlignmentPeriod": period,
        "plotType": kind,
        "targetAxis": "Y1",
        "timeSeriesQuery": {
            "timeSeriesFilter": {
                "filter": f'metric.type="{metric.type}" resource.type="{metric.resource}"',
                "aggregation": aggregation,
            }
        },
    }
