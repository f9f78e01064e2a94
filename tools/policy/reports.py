"""What was found as SARIF, which GitHub shows beside the lines of a pull request, and as JUnit's XML.

checkov's own have a finding's message in a field that nobody shows (SARIF) or not at all (JUnit), point into files that are
made anew each time, and repeat the text of the resource, which may hold the secret that it is about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from interlock.catalog import Json
from policies.rules import RULES
from policies.rules.estate import Estate
from policies.rules.judge import Outcome
from tools.policy.records import ROOT, Record

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
WHY = {rule.id: rule.why for rule in RULES}
Place = tuple[str, int]
"""A file of the repository, and a line."""


def places(known: Mapping[Path, Estate]) -> dict[tuple[Path, str], Place]:
    """Where in the catalog the resources come from that say so, by file and address."""
    found: dict[tuple[Path, str], Place] = {}
    for path, estate in known.items():
        for address, resource in estate.resources.items():
            file, _, line = str(resource.facts.anything("source") or "").rpartition(":")
            if file and line.isdigit():
                found[path, address] = (file, int(line))
    return found


def message(record: Record) -> str:
    """All that is to be said, in one line."""
    if record.ours and record.messages:
        return "; ".join(record.messages)
    return "; ".join([f"{record.check}: {record.resource}: {record.name}", *record.messages])


def sarif(records: Sequence[Record], where: Mapping[tuple[Path, str], Place], version: str) -> str:
    """What failed, and what is waived as suppressed. What is the same in a stack and in its plan is said once."""
    shown = [record for record in records if record.outcome in (Outcome.FAILED, Outcome.WAIVED)]
    once = {(record.check, record.resource, record.messages): record for record in reversed(shown)}
    results = sorted((_result(record, _place(record, where)) for record in once.values()), key=json.dumps)
    rules = {record.check: _rule(record) for record in sorted(once.values(), key=lambda record: record.check)}
    driver: dict[str, Json] = {"name": "checkov", "version": version, "rules": list(rules.values())}
    run: dict[str, Json] = {"tool": {"driver": driver}, "results": list[Json](results)}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(record: Record) -> Json:
    help_text = "\n\n".join(part for part in (WHY.get(record.check), record.guide) if part) or record.name
    return {"id": record.check, "shortDescription": {"text": record.name}, "help": {"text": help_text}}


def _result(record: Record, place: Place) -> dict[str, Json]:
    file, line = place
    result: dict[str, Json] = {
        "ruleId": record.check,
        "level": "error",
        "message": {"text": message(record)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": max(line, 1)}}}],
    }
    if record.outcome is Outcome.WAIVED:
        result["suppressions"] = [{"kind": "external", "justification": record.messages[0] if record.messages else ""}]
    return result


def _place(record: Record, where: Mapping[tuple[Path, str], Place]) -> Place:
    return where.get((record.path, record.resource)) or (_relative(record.path), record.line)


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def junit(records: Sequence[Record]) -> str:
    """A case a check and resource, a suite a file; waived and deferred are skipped, with why."""
    top = ElementTree.Element("testsuites", name="policy")
    for path in dict.fromkeys(record.path for record in records):
        of_file = [record for record in records if record.path == path]
        counts = {"failures": [Outcome.FAILED], "skipped": [Outcome.WAIVED, Outcome.DEFERRED]}
        suite = ElementTree.SubElement(top, "testsuite", name=_relative(path), tests=str(len(of_file)))
        for name, outcomes in counts.items():
            suite.set(name, str(sum(record.outcome in outcomes for record in of_file)))
        for record in of_file:
            name = _printable(f"{record.check} {record.name}: {record.resource}")
            case = ElementTree.SubElement(suite, "testcase", classname=f"{path.parent.name}.{path.stem}", name=name)
            if record.outcome is not Outcome.PASSED:
                kind = "failure" if record.outcome is Outcome.FAILED else "skipped"
                ElementTree.SubElement(case, kind, message=_printable(message(record)))
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(top, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """XML has no way to write most control characters."""
    return "".join(character if character.isprintable() else "?" for character in text)
