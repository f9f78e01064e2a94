"""The JSON Schema for editors: in step with the models, and as strict as the loader about what it can express."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from interlock.reading.schema import json_schema
from tests.golden import golden

SCHEMA: dict[str, Any] = json_schema()
DEFS = SCHEMA["$defs"]
JOB = DEFS["JobEntry"]["properties"]


@pytest.mark.golden
def test_the_file_beside_the_catalog_is_generated_from_the_models() -> None:
    golden("../../catalog/schema.json", json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        pytest.param(JOB["deadline"], ["45s", "30m"], ["45", "1.5.5s", "3 m", ""], id="a duration"),
        pytest.param(JOB["region"], ["us-west2"], ["us", "US-WEST2"], id="a region"),
        pytest.param(JOB["time_zone"], ["Etc/UTC", "America/New_York"], ["utc", "America/New York"], id="a time zone"),
        pytest.param(JOB["schedule"], ["15,45 * * * *"], ["* * * *", "0 * * * * *", "every 5 min"], id="a schedule"),
        pytest.param(JOB["runs"]["items"], ["a", "a-1"], ["A", "1a", "a_b", "a" * 101], id="a name"),
        pytest.param(
            DEFS["TargetEntry"]["properties"]["path"], ["/", "/a/b?c=d", "?q", "//a b"], ["a", "", "/a\n"], id="a path"
        ),
        pytest.param(DEFS["PauseEntry"]["properties"]["review"], ["2027-01-31"], ["soon", "2027-1-1"], id="a date"),
    ],
)
def test_patterns(schema: dict[str, str], good: list[str], bad: list[str]) -> None:
    assert schema["type"] == "string"
    assert all(re.search(schema["pattern"], text) for text in good)
    assert not [text for text in bad if re.search(schema["pattern"].replace("$", r"\Z"), text)]


@pytest.mark.parametrize("section", ["retry_profiles", "services", "processors", "jobs", "backfills"])
def test_a_section_takes_good_names_only(section: str) -> None:
    entries = SCHEMA["properties"][section]
    assert list(entries["patternProperties"]) == ["^(?:[a-z][a-z0-9-]{0,99})$"]
    assert entries["additionalProperties"] is False


@pytest.mark.parametrize("entry", sorted(name for name in DEFS if name.endswith("Entry")))
def test_no_entry_takes_an_unknown_key_or_a_blank_one(entry: str) -> None:
    shape = DEFS[entry].get("anyOf", [DEFS[entry]])[0]  # a token is also `none`
    assert shape["additionalProperties"] is False
    assert '"null"' not in json.dumps(DEFS[entry])


def test_kinds_are_those_of_the_matrix_and_of_services() -> None:
    assert DEFS["Kind"]["enum"] == ["read", "append", "insert", "mutate", "truncate", "replace", "stream", "storage_write"]
    assert DEFS["ServiceKind"]["enum"] == ["run", "function", "run_job", "topic", "api", "url", "app_engine"]
