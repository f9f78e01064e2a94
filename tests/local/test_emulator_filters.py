"""The subset of the Logging query language: what matches, what doesn't, what is refused."""

from __future__ import annotations

import pytest

from local.emulator.counting import extractor
from local.emulator.filters import compiled
from local.emulator.model import ApiError

CONFLICT = """resource.type="bigquery_project"
protoPayload.serviceName="bigquery.googleapis.com"
protoPayload.metadata.jobChange.after="DONE"
protoPayload.metadata.jobChange.job.jobStatus.errorResult.message=~"(Could not serialize access to table|concurrent update)"
-protoPayload.metadata.jobChange.job.jobConfig.queryConfig.statementType="SCRIPT\""""


def conflict(statement="UPDATE", message="Could not serialize access to table p:d.t due to concurrent update"):
    job = {"jobStatus": {"errorResult": {"code": 10, "message": message}}}
    if statement:
        job["jobConfig"] = {"queryConfig": {"statementType": statement}}
    return {
        "resource": {"type": "bigquery_project"},
        "protoPayload": {"serviceName": "bigquery.googleapis.com", "metadata": {"jobChange": {"after": "DONE", "job": job}}},
    }


ENTRY = {
    "logName": "projects/p/logs/cloudscheduler.googleapis.com%2Fexecutions",
    "severity": "ERROR",
    "timestamp": "2026-03-10T12:00:00.000000Z",
    "resource": {"type": "cloud_scheduler_job", "labels": {"job_id": "tdza"}},
    "labels": {"k8s.io/app": "x"},
    "jsonPayload": {
        "@type": "type.googleapis.com/AttemptFinished",
        "status": "INTERNAL",
        "count": 7,
        "ok": False,
        "path": 'a\\b "c"',
        "tables": [{"name": "one"}, {"name": "two"}],
    },
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        pytest.param("", True, id="no filter takes all"),
        pytest.param('resource.type="cloud_scheduler_job"', True, id="equal"),
        pytest.param("resource.type=cloud_scheduler_job", True, id="a bare word"),
        pytest.param(
            "jsonPayload.status=INTERNAL AND resource.type=cloud_scheduler_job", True, id="bare words, one after another"
        ),
        pytest.param('jsonPayload."@type":googleapis.com', True, id="a bare word with full stops"),
        pytest.param('jsonPayload."@type":googleapis.net', False, id="a bare word counts to its end"),
        pytest.param(
            "(jsonPayload.status:a.b OR jsonPayload.status:INT) severity=ERROR", True, id="a bare word in parentheses"
        ),
        pytest.param('resource.type="CLOUD_scheduler_JOB"', True, id="text is compared without case"),
        pytest.param('resource.type="cloud_scheduler"', False, id="equal is not a part"),
        pytest.param('jsonPayload."@type"="type.googleapis.com/AttemptFinished"', True, id="a quoted key"),
        pytest.param('labels."k8s.io/app"=x', True, id="a label with dots and slashes"),
        pytest.param('log_id("cloudscheduler.googleapis.com/executions")', True, id="the log's id unescaped"),
        pytest.param('log_id("cloudscheduler.googleapis.com")', False, id="another log"),
        pytest.param("severity>=ERROR", True, id="as severe"),
        pytest.param("severity>ERROR", False, id="not more severe"),
        pytest.param("severity>=warning", True, id="severities by order, not by letter"),
        pytest.param("severity<CRITICAL severity!=INFO", True, id="less severe"),
        pytest.param("severity>=500", True, id="a severity by number"),
        pytest.param("INTERN", True, id="a word anywhere"),
        pytest.param('"attemptfinished" AND NOT nowhere', True, id="text anywhere, without case"),
        pytest.param("jsonPayload.count>=7", True, id="a number"),
        pytest.param("jsonPayload.count<10", True, id="7 is less than 10 as a number, not as text"),
        pytest.param("jsonPayload.count=7.0", True, id="a decimal"),
        pytest.param("jsonPayload.count>-1", True, id="a negative number"),
        pytest.param("jsonPayload.ok=false", True, id="a truth value"),
        pytest.param('jsonPayload.status=~"^INT.*L$"', True, id="a regular expression"),
        pytest.param('jsonPayload.status=~"NTER"', True, id="a regular expression matches anywhere"),
        pytest.param('jsonPayload.status=~"internal"', False, id="a regular expression minds the case"),
        pytest.param('jsonPayload.status!~"^OK"', True, id="no match"),
        pytest.param(r'jsonPayload.path="a\\b \"c\""', True, id="escapes"),
        pytest.param(r'jsonPayload."@type"=~"googleapis\.com"', True, id="a backslash of a regular expression stays"),
        pytest.param("jsonPayload.status:tern", True, id="has"),
        pytest.param("jsonPayload.status:* AND NOT jsonPayload.nothing:*", True, id="exists"),
        pytest.param("jsonPayload.tables.name=two", True, id="one element of a list is enough"),
        pytest.param('jsonPayload.nothing="x"', False, id="a missing field is not equal"),
        pytest.param('jsonPayload.nothing!="x"', False, id="a missing field is not unequal either"),
        pytest.param('jsonPayload.nothing!~"x"', False, id="a missing field doesn't not match"),
        pytest.param('NOT jsonPayload.nothing="x"', True, id="NOT of a missing field is true"),
        pytest.param('-jsonPayload.nothing="x"', True, id="a minus is NOT"),
        pytest.param('jsonPayload.status.deeper="x"', False, id="nothing is below text"),
        pytest.param('trace=""', True, id="a field of LogEntry has a default"),
        pytest.param('trace!="x"', True, id="a default is unequal"),
        pytest.param("severity=INFO OR severity=ERROR", True, id="or"),
        pytest.param("severity=INFO severity=ERROR", False, id="side by side is and"),
        pytest.param("severity=INFO\nseverity=ERROR", False, id="lines are joined by and"),
        pytest.param("severity=ERROR OR severity=INFO severity=INFO", False, id="or binds tighter than and"),
        pytest.param("severity=ERROR OR (severity=INFO severity=INFO)", True, id="parentheses"),
        pytest.param("NOT severity=INFO OR severity=INFO", True, id="not binds tightest"),
        pytest.param("NOT (severity=INFO OR severity=ERROR)", False, id="not of parentheses"),
        pytest.param("-- INFO only?\nseverity=ERROR -- no", True, id="comments"),
        pytest.param('timestamp>="2026-03-10T11:59:59Z" timestamp<"2026-03-10T13:00:00+00:30"', True, id="instants and zones"),
        pytest.param('timestamp>"2026-03-10T12:00:00Z"', False, id="a later instant"),
    ],
)
def test_a_filter(text, matches):
    assert compiled(text)(ENTRY) is matches


@pytest.mark.parametrize(
    ("entry", "matches"),
    [
        pytest.param(conflict(), True, id="a conflict"),
        pytest.param(conflict(statement=""), True, id="a job without a statement type, such as a load"),
        pytest.param(conflict(statement="SCRIPT"), False, id="the parent of a script"),
        pytest.param(conflict(message="Not found: table p:d.t"), False, id="another error"),
        pytest.param(ENTRY, False, id="an entry of another kind"),
    ],
)
def test_the_filter_of_serialization_conflicts(entry, matches):
    assert compiled(CONFLICT)(entry) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('foo="x"', "unknown field 'foo'", id="a field that LogEntry doesn't have"),
        pytest.param('jsonPayload.k8s-app="x"', "needs quotes", id="a key that needs quotes"),
        pytest.param('SEARCH("x")', "function SEARCH is not served", id="another function"),
        pytest.param('ip_in_net(jsonPayload.ip, "10.0.0.0/8")', "not served", id="one more function"),
        pytest.param("jsonPayload.a=(x OR y)", "expected a value", id="a group of values"),
        pytest.param("severity=LOUD", "no severity", id="an unknown severity"),
        pytest.param("timestamp>yesterday", "no instant", id="a day in words"),
        pytest.param("severity=ERROR)", "unexpected", id="a parenthesis too many"),
        pytest.param("(severity=ERROR", "expected ')'", id="a parenthesis too few"),
        pytest.param("severity=ERROR AND", "at the end", id="an and too many"),
        pytest.param("severity=ERROR and=x", "unknown field 'and'", id="and in small letters"),
        pytest.param("severity=", "expected a value", id="no value"),
        pytest.param('textPayload="x', "character 13", id="an open quote"),
        pytest.param('textPayload=~"("', "Invalid regular expression", id="a broken regular expression"),
        pytest.param('textPayload=~"(?=x)"', "RE2", id="a look-ahead"),
        pytest.param(r'textPayload=~"(x)\1"', "RE2", id="a back reference"),
        pytest.param("(" * 2000 + "severity=ERROR" + ")" * 2000, "too deeply", id="2,000 parentheses"),
        pytest.param("NOT " * 2000 + "severity=ERROR", "too deeply", id="2,000 negations"),
        pytest.param("textPayload=" + "x" * 20_000, "20000 characters", id="a filter that is too long"),
    ],
)
def test_what_is_outside_the_subset_is_refused(text, message):
    with pytest.raises(ApiError) as refused:
        compiled(text)
    assert refused.value.code == 400
    assert message in refused.value.message


TABLE = (
    "REGEXP_EXTRACT(protoPayload.metadata.jobChange.job.jobStatus.errorResult.message, "
    '"table ([0-9A-Za-z_:.$-]*[:.][0-9A-Za-z_:.$-]*[0-9A-Za-z_])")'
)


@pytest.mark.parametrize(
    ("text", "entry", "value"),
    [
        pytest.param(TABLE, conflict(), "p:d.t", id="the table of a conflict"),
        pytest.param(TABLE, conflict(message="access to table due to concurrent update"), "", id="a message without a table"),
        pytest.param(TABLE, ENTRY, "", id="an entry without the field"),
        pytest.param("EXTRACT(resource.labels.job_id)", ENTRY, "tdza", id="a label of the resource"),
        pytest.param('EXTRACT(jsonPayload."@type")', ENTRY, "type.googleapis.com/AttemptFinished", id="a quoted key"),
        pytest.param("EXTRACT(jsonPayload.count)", ENTRY, "7", id="a number"),
        pytest.param("EXTRACT(jsonPayload.ok)", ENTRY, "false", id="a truth value"),
        pytest.param("EXTRACT(jsonPayload.nothing)", ENTRY, "", id="nothing"),
        pytest.param("EXTRACT(textPayload)", {"textPayload": "x" * 2000}, "x" * 1024, id="a long value is cut"),
    ],
)
def test_an_extractor(text, entry, value):
    assert extractor(text)(entry) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("jsonPayload.a", id="a field alone"),
        pytest.param("EXTRACT(foo)", id="an unknown field"),
        pytest.param("EXTRACT(jsonPayload.a) EXTRACT(jsonPayload.b)", id="two"),
        pytest.param('REGEXP_EXTRACT(jsonPayload.a, "x")', id="no group"),
        pytest.param('REGEXP_EXTRACT(jsonPayload.a, "(x)(y)")', id="two groups"),
        pytest.param("REGEXP_EXTRACT(jsonPayload.a)", id="no expression"),
    ],
)
def test_an_extractor_that_is_refused(text):
    with pytest.raises(ApiError) as refused:
        extractor(text)
    assert refused.value.code == 400
