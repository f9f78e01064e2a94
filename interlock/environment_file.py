"""`environments/<name>.yaml` -> `Environment`: the shape of the file, and what can't be wrong without a plan going wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from interlock.catalog import ServiceKind
from interlock.environment import Environment, Required
from interlock.fields import Duration, Flag, Name, Region, matching
from interlock.located import Document, Problem, SourceError, parse
from interlock.schema import Entry, problems_of

SAMPLE_PROJECT = "your-project-id"
URL = r"https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*"
BUCKET = r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"
BUCKET_RULE = "is no bucket name; allowed: 3 to 63 of a-z, 0-9, - and _"
URL_FIELDS = {"service": "s", "project": "p", "project_number": "1", "region": "r"}
"""What a URL pattern may name, each with a value to try it with."""


class EnvironmentFile(Entry):
    """One file of `environments/`."""

    project: Annotated[
        str, matching(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "is no project id; allowed: 6 to 30 of a-z, 0-9 and -, a letter first")
    ]
    project_number: Annotated[str, matching(r"[0-9]{6,20}", "is no project number; write its digits in quotes")]
    location: Region
    bucket: Annotated[str, matching(BUCKET, BUCKET_RULE)]
    state_bucket: Annotated[str, matching(BUCKET, BUCKET_RULE)]
    invoker: Annotated[
        str,
        matching(
            r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com",
            "is no service account; write one like name@project.iam.gserviceaccount.com",
        ),
    ]
    url_patterns: dict[Literal["run", "function"], str]
    service_urls: Mapping[Name, str] = Field(default_factory=dict)
    max_hold: Duration
    require: tuple[Required, ...] = ()
    allow_destroy: Flag = False


def load_environment(name: str, text: str, file: str) -> Environment:
    """The environment that the YAML in `text` describes. SourceError with every problem in it."""
    document, problems = parse(text, file)
    if problems and document.data is None:
        raise SourceError(problems)
    try:
        entry = EnvironmentFile.model_validate(document.data if document.data is not None else {})
    except ValidationError as error:
        raise SourceError([*problems, *problems_of(error, document, (), EnvironmentFile)]) from None
    problems += _problems(entry, document)
    if problems:
        raise SourceError(problems)
    return Environment(
        **{
            **dict(entry),
            "name": name,
            "url_patterns": {ServiceKind(kind): pattern for kind, pattern in entry.url_patterns.items()},
            "require": frozenset(entry.require),
        }
    )


def _problems(entry: EnvironmentFile, document: Document) -> Iterator[Problem]:
    def problem(message: str, *path: str) -> Problem:
        return Problem(source=document.at(path), message=f"{'.'.join(path)}: {message}")

    if entry.project == SAMPLE_PROJECT:
        yield problem(f"{SAMPLE_PROJECT} is a sample; write your project's id", "project")
    if entry.bucket == entry.state_bucket:
        yield problem(f"{entry.bucket} holds the flags already; Terraform's state needs a bucket of its own", "state_bucket")
    if not entry.max_hold:
        yield problem("no hold could be made; write one like 4d", "max_hold")
    for kind in sorted({"run", "function"} - entry.url_patterns.keys()):
        yield problem(f"missing key {kind}", "url_patterns")
    for kind, pattern in sorted(entry.url_patterns.items()):
        if not re.fullmatch(URL, _filled(pattern)):
            yield problem(f"{pattern!r} makes no https URL; allowed fields: {', '.join(URL_FIELDS)}", "url_patterns", kind)
        elif "{service}" not in pattern:
            yield problem(f"{pattern!r} makes one URL for all services; write {{service}} in it", "url_patterns", kind)
    for service, url in sorted(entry.service_urls.items()):
        if not re.fullmatch(URL, url):
            yield problem(f"{url!r} is no https URL", "service_urls", service)


def _filled(pattern: str) -> str:
    """`pattern` with its fields filled in. Plain names only: str.format would also look up attributes and pad to any width."""
    return re.sub(r"\{([a-z_]+)\}", lambda found: URL_FIELDS.get(found[1], "{}"), pattern)
