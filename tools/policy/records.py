"""What checkov says, from its JSON: one record a check and resource."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.rules.judge import DEFERRED, Outcome
from policies.rules.old import OLD
from policies.rules.rule import PREFIX

ROOT = Path(__file__).parents[2]
CHECKS = ROOT / "policies" / "checks"
STOPS_AT_PARSE_ERRORS = {"CKV_PARSE_ERROR_FAIL": "true"}
"""Otherwise checkov is content with a file that it can't parse."""


class CannotCheck(Exception):
    """Nobody knows whether the rules are kept: what happened, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A check about a resource."""

    check: str
    name: str
    """What good looks like."""
    outcome: Outcome
    messages: tuple[str, ...]
    """What is wrong, or who accepts it why, or what is not known."""
    path: Path
    resource: str
    """Its address; in a synthesized file checkov leaves out the type: `resource.NAME`."""

    @property
    def ours(self) -> bool:
        """Whether it is one of the pack."""
        return self.check.startswith(PREFIX)

    @property
    def message(self) -> str:
        """All that is to be said, in one line."""
        if self.ours and self.messages:
            return "; ".join(self.messages)
        return "; ".join([f"{self.check}: {self.resource}: {self.name}", *self.messages])


def version_of(checkov: Path) -> str:
    """The version of checkov; CannotCheck when it can't be started."""
    try:
        done = subprocess.run([str(checkov), "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotCheck(f"{checkov} can't be started ({error}); run: make policy") from None
    return done.stdout.strip()


def start(checkov: Path, framework: str, what: Sequence[str]) -> subprocess.Popen[str]:
    """Start checkov on folders and files, as it expects them on its command line, with its own checks and ours.

    It asks nobody about anything (`--skip-download`), and does not repeat the text of resources, in which secrets may be.
    """
    words = [str(checkov), *what, "--framework", framework, "--skip-download", "--compact", "--output", "json"]
    words += ["--external-checks-dir", str(CHECKS)]
    environ = {**os.environ, **STOPS_AT_PARSE_ERRORS, "ANSI_COLORS_DISABLED": "1"}
    return subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def finish(process: subprocess.Popen[str]) -> list[Record]:
    """Wait for its end, and read what it found."""
    said, complaints = process.communicate()
    return parsed(said, complaints, process.returncode)


def parsed(said: str, complaints: str, code: int) -> list[Record]:
    """What its JSON says. CannotCheck when it has found nothing at all, or could not read something."""
    try:
        shown = json.loads(said)
        if "results" not in shown:
            raise CannotCheck("checkov has seen no resource at all; synthesize into the folder that it checks")
        results = shown["results"]
        if unread := results["parsing_errors"]:
            raise CannotCheck(f"checkov can't parse {', '.join(unread)}; it must be Terraform's JSON as cdktf writes it")
        records = list(_records(results))
    except (ValueError, KeyError, TypeError) as error:
        last = (complaints or said).strip()[-2000:]
        raise CannotCheck(f"checkov ended with {code} and no report ({error!r}):\n{last}") from None
    if "Cannot load external check" in complaints:
        raise CannotCheck(f"checkov can't load our checks:\n{complaints.strip()[-2000:]}")
    return records


def _records(results: dict[str, Any]) -> Iterator[Record]:
    for kind in ("passed_checks", "failed_checks", "skipped_checks"):
        for one in results[kind]:
            comment = one["check_result"].get("suppress_comment") or ""
            yield Record(
                check=one["check_id"],
                name=one["check_name"],
                outcome=_outcome(kind, comment),
                messages=tuple(one["details"]),
                path=Path(one["file_abs_path"]).resolve(),
                resource=one["resource"],
            )


def _outcome(kind: str, comment: str) -> Outcome:
    if kind == "skipped_checks":
        begins = {DEFERRED: Outcome.DEFERRED, OLD: Outcome.OLD}
        return next((outcome for words, outcome in begins.items() if comment.startswith(words)), Outcome.WAIVED)
    return Outcome.FAILED if kind == "failed_checks" else Outcome.PASSED
