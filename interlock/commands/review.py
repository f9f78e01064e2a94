"""`interlock review`: what a change of the catalog means, for people who review it, on a terminal or in a pull request."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, TypeVar

import click

from interlock.commands import BAD_INPUT
from interlock.cron import FIRST_YEAR, LAST_YEAR
from interlock.findings import Finding
from interlock.names import count
from interlock.reading.files import load_catalog
from interlock.reading.problems import SourceError
from interlock.review.comment import MAX_CHARACTERS, as_markdown, failure, in_words
from interlock.review.review import review
from interlock.terminal.common import catalog_option, print_json
from interlock.terminal.ends import own_zone
from interlock.terminal.refs import RefError, catalog_at
from interlock.terminal.tables import say
from interlock.terraform.job_changes import JobChanges, job_changes
from interlock.terraform.plan import PlanError, load_plan
from interlock.timing.until import parse_end
from policies.from_catalog import findings
from policies.from_files import Unreadable, plan_findings
from policies.staggering import StaggerLimits

T = TypeVar("T")
Style = Literal["markdown", "terminal", "json"]
PATIENCE_SECONDS = 2.0
"""After which the command says what it is about."""
MIN_LIMIT = 4_000
"""Characters; with fewer nothing but the frame is left."""
WHOLE = 1_000_000
"""Characters of a comment that nothing is cut from in practice; GitHub's job summaries take as many."""
FINDINGS = 1
"""Exit code: there is something to look at."""


@click.command()
@click.option("--base", required=True, metavar="REF|FOLDER", help="What the change is compared with: a git ref, or a folder.")
@click.option("--head", metavar="REF|FOLDER", help="The change: a git ref, or a folder. Default: the catalog as it lies here.")
@click.option("--at", metavar="INSTANT", help="As of then: RFC 3339, 2026-11-24 07:00, or 23:00. Default: now.")
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What `terraform show -json` says of a plan of the stack schedules: what will really happen.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    show_default=True,
    help="For people, a pull request, or programs.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=MIN_LIMIT),
    default=MAX_CHARACTERS,
    show_default=True,
    metavar="CHARACTERS",
    help=f"Of markdown. A job summary takes {WHOLE}.",
)
@click.option(
    "--page",
    "page_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a day before and after as one page of HTML, too.",
)
@catalog_option
@click.pass_context
def command(
    ctx: click.Context,
    base: str,
    head: str | None,
    at: str | None,
    plan_file: Path | None,
    style: Style,
    limit: int,
    page_file: Path | None,
    root: Path,
) -> None:
    """What a change of the catalog means: jobs, collisions, coverage, lost runs, waivers and cost, before and after.

    In a pull request compare with the commit it branched off: --base $(git merge-base origin/main HEAD).
    Exit code 1: there are findings. Exit code 2: it could not be analysed; then nothing is known about the change.
    """
    from interlock.board.compared import page
    from interlock.review.days import compared
    from interlock.terminal.review_json import as_json
    from interlock.terminal.review_output import print_review

    sides = _Sides()
    names = {"base": f"base ({base})", "head": f"head ({head or 'as it lies here'})"}
    say(f"{names['base']} and {names['head']} of {root}; no cloud is asked", err=True)
    with _patience() as about:
        about("reading the catalogs")
        instant = sides.read("--at", lambda: _instant(at))
        before = sides.read(names["base"], lambda: catalog_at(base, root, past=True))
        after = sides.read(names["head"], lambda: catalog_at(head, root) if head else load_catalog(root))
        day = (instant or datetime.now(UTC)).date()
        plan, planned = None, list[Finding]()
        if plan_file and (read := sides.read(f"plan ({plan_file})", lambda: _planned(plan_file, day))):
            plan, planned = read
        if sides.problems or instant is None or before is None or after is None:
            _say_failure(sides, style)
            ctx.exit(BAD_INPUT)
        about("comparing them")
        found = review(before, after, instant, plan, rules=findings, planned=planned, staggered=StaggerLimits)
        if page_file:
            about("drawing the page")
            _write(page_file, page(compared(before, after, found, verdict=in_words(found), what=_what(names))))
    if style == "json":
        print_json(as_json(found))
    elif style == "markdown":
        whole = f"{_again(base, head, plan_file)} --format markdown --limit {WHOLE}"
        click.echo(as_markdown(found, base=names["base"], head=names["head"], whole=whole, limit=limit), nl=False)
    else:
        print_review(found)
    ctx.exit(FINDINGS if found.findings else 0)


def _what(names: Mapping[str, str]) -> str:
    return f"{names['base']} compared with {names['head']}"


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise click.UsageError(f"--page: {file} can't be written: {error.strerror}") from None


@dataclass
class _Sides:
    """What was read, and what is wrong with what: one side that is broken does not hide the others."""

    problems: dict[str, list[str]] = field(default_factory=dict)
    fine: list[str] = field(default_factory=list)

    def read(self, name: str, reading: Callable[[], T]) -> T | None:
        """What `reading` gives, or None after a note of what is wrong with the side called `name`."""
        try:
            value = reading()
        except SourceError as error:
            self.problems[name] = [str(problem) for problem in error.problems]
            return None
        except (RefError, PlanError, _Unusable) as error:
            self.problems[name] = [str(error)]
            return None
        self.fine.append(name)
        return value


class _Unusable(ValueError):
    """An option whose value can't be used; says why."""


def _instant(at: str | None) -> datetime:
    now = datetime.now(UTC)
    if at is None:
        return now.replace(microsecond=0)
    try:
        instant = parse_end(at, now, own_zone())
    except (ValueError, OverflowError) as error:
        raise _Unusable(str(error)) from None
    if not FIRST_YEAR < instant.year < LAST_YEAR:
        raise _Unusable(f"{at} is not in the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    return instant


def _planned(path: Path, today: date) -> tuple[JobChanges, list[Finding]]:
    """What the plan in a file does to jobs, and what it breaks of the rules that only a plan can break."""
    plan = load_plan(path)
    changes = job_changes(plan)
    try:
        return changes, plan_findings(plan, path, today)
    except Unreadable as unreadable:
        raise _Unusable(f"can't be judged by the policies: {unreadable}") from None


def _say_failure(sides: _Sides, style: Style) -> None:
    """What is wrong on which side: where the output goes to, and on standard error."""
    fine = [name for name in sides.fine if name != "--at"]
    if style == "markdown":
        click.echo(failure(sides.problems, fine), nl=False)
    elif style == "json":
        print_json({"problems": {name: [*found] for name, found in sides.problems.items()}, "jobs": []})
    for name, found in sides.problems.items():
        for problem in found:
            say(f"{name}: {problem}", err=True)
    for name in fine:
        say(f"{name}: no problem", err=True)
    number = sum(map(len, sides.problems.values()))
    say(f"{count(number, 'problem')}; nothing was reviewed.", err=True)


def _again(base: str, head: str | None, plan_file: Path | None) -> str:
    """The command itself."""
    words = ["--base", base, *(["--head", head] if head else []), *(["--plan", str(plan_file)] if plan_file else [])]
    return f"interlock review {shlex.join(words)}"


@contextmanager
def _patience() -> Iterator[Callable[[str], None]]:
    """Says on standard error what is being done, once it has taken a while."""
    doing = ""
    late = threading.Event()

    def tell() -> None:
        late.set()
        say(f"{doing} ...", err=True)

    def about(what: str) -> None:
        nonlocal doing
        doing = what
        if late.is_set():
            tell()

    timer = threading.Timer(PATIENCE_SECONDS, tell)
    timer.daemon = True
    timer.start()
    try:
        yield about
    finally:
        timer.cancel()
