"""What Terraform says line by line: lines recorded from Terraform 1.11.4, shortened by what is not read."""

from __future__ import annotations

import pytest

from interlock.terraform.events import Event, Outputs, Problem, Progress, Step, Text, parse_event

JOB = "google_cloud_scheduler_job.odds"
FLAG = 'google_storage_bucket_object.flags["marts"]'
REFUSED = "Error setting Cloud Scheduler Job status: googleapi: Error 409: sync mutate calls cannot be queued"


@pytest.mark.parametrize(
    ("line", "event"),
    [
        pytest.param(
            '{"@level":"info","@message":"google_cloud_scheduler_job.odds: Refresh complete [id=x]","hook":{"resource":{"addr":'
            '"google_cloud_scheduler_job.odds","module":"","resource_key":null},"id_key":"id"},"type":"refresh_complete"}',
            Progress(step=Step.REFRESHED, address=JOB, action=""),
            id="read again",
        ),
        pytest.param(
            '{"@level":"info","@message":"x: Creating...","hook":{"resource":{"addr":"google_storage_bucket_object.flags'
            '[\\"marts\\"]","resource_key":"marts"},"action":"create"},"type":"apply_start"}',
            Progress(step=Step.STARTED, address=FLAG, action="create"),
            id="begun",
        ),
        pytest.param(
            '{"@level":"info","@message":"x: Creation complete after 0s","hook":{"resource":{"addr":'
            '"google_storage_bucket_object.flags[\\"marts\\"]"},"action":"create","elapsed_seconds":0},"type":"apply_complete"}',
            Progress(step=Step.DONE, address=FLAG, action="create"),
            id="done",
        ),
        pytest.param(
            '{"@level":"info","@message":"x: Modifications errored after 0s","hook":{"resource":{"addr":'
            '"google_cloud_scheduler_job.odds"},"action":"update","elapsed_seconds":0},"type":"apply_errored"}',
            Progress(step=Step.FAILED, address=JOB, action="update"),
            id="failed",
        ),
        pytest.param(
            '{"@level":"error","@message":"Error: E","diagnostic":{"severity":"error","summary":"' + REFUSED + '","detail":"",'
            '"address":"google_cloud_scheduler_job.odds","range":{"filename":"cdk.tf.json"}},"type":"diagnostic"}',
            Problem(summary=REFUSED, detail="", address=JOB, is_error=True),
            id="an error about a resource",
        ),
        pytest.param(
            '{"@level":"warn","@message":"Warning: W","diagnostic":{"severity":"warning","summary":"Check block assertion'
            ' failed","detail":"marts is expected to take 4h"},"type":"diagnostic"}',
            Problem(summary="Check block assertion failed", detail="marts is expected to take 4h", address="", is_error=False),
            id="a warning about nothing in particular",
        ),
        pytest.param(
            '{"@level":"info","@message":"Outputs: 2","outputs":{"backfills_declared":{"sensitive":false,"type":["tuple",'
            '["string"]],"value":["marts"]},"backfills_on":{"sensitive":false,"value":{"marts":"2026-12-01T11:09:13Z"}}},"type":"outputs"}',
            Outputs(values={"backfills_declared": ["marts"], "backfills_on": {"marts": "2026-12-01T11:09:13Z"}}),
            id="outputs after an apply",
        ),
        pytest.param(
            '{"@level":"info","@message":"Outputs: 1","outputs":{"on":{"sensitive":false,"action":"update"}},"type":"outputs"}',
            Outputs(values={}),
            id="outputs of a plan have no values",
        ),
        pytest.param(
            '{"@level":"info","@message":"Plan: 1 to add, 16 to change, 0 to destroy.","changes":{"add":1,"change":16},'
            '"type":"change_summary"}',
            Text(text="Plan: 1 to add, 16 to change, 0 to destroy."),
            id="a summary",
        ),
        pytest.param(
            '{"@message":"new","type":"a kind of a later Terraform"}', Text(text="new"), id="a kind that is not known"
        ),
        pytest.param("panic: runtime error\n", Text(text="panic: runtime error"), id="no JSON"),
        pytest.param('["a list"]', Text(text='["a list"]'), id="JSON, but no object"),
        pytest.param('{"type":"diagnostic","diagnostic":7}', Text(text=""), id="a diagnostic that is none"),
    ],
)
def test_a_line_is_read_as_what_it_says(line: str, event: Event) -> None:
    assert parse_event(line) == event


def test_an_error_in_one_line() -> None:
    folded = Problem(summary="Error creating", detail="404:\n  Cannot find metric(s)\n", address="", is_error=True)
    assert folded.text == "Error creating: 404: Cannot find metric(s)"
    assert Problem(summary="Error", detail="", address="", is_error=True).text == "Error"
