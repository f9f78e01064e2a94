"""`python -m policies FILE...`: what breaks a rule in synthesized stacks or plans, without checkov.

Exit code 1: a rule is broken, and that is neither waived nor old. Exit code 2: a file can't be judged.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from interlock.names import count
from interlock.zones import ZoneDataError
from policies.from_files import Unreadable, read_estate
from policies.rules import RULES
from policies.rules.judge import Outcome, judge_all

FINDINGS, NOT_JUDGED = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Judges every file; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m policies", description=__doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="cdk.tf.json, or what `terraform show -json` says")
    files: list[Path] = parser.parse_args(argv).files
    today = datetime.now(UTC).date()
    try:
        verdicts = [verdict for path in files for verdict in judge_all(RULES, read_estate(path, today))]
    except (Unreadable, ZoneDataError) as error:
        print(f"policies: not judged: {error}", file=sys.stderr)
        return NOT_JUDGED
    failed = [verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED]
    for verdict in failed:
        print(verdict)
    waived, old = (sum(verdict.outcome is outcome for verdict in verdicts) for outcome in (Outcome.WAIVED, Outcome.OLD))
    found = count(len(failed), "finding") if failed else "no findings"
    print(f"{count(len(verdicts), 'verdict')}: {found}, {waived} waived{f', {old} old' if old else ''}")
    return FINDINGS if failed else 0


if __name__ == "__main__":
    sys.exit(main())
