"""`interlock adopt`: lists what is live, and writes a platform's folder whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import click

from interlock.actual import ActualJob
from interlock.adoption.adopting import Adoption, Asked
from interlock.adoption.entries import PAUSED
from interlock.adoption.folder import NOBODY_KNOWN
from interlock.adoption.report import Looked, duplicates, environment_text
from interlock.baseline import BASELINE_FILE
from interlock.gcp import CloudError
from interlock.gcp.adoption.live_jobs import FULL_VIEW, LiveJobs
from interlock.names import count, plain
from interlock.reading.folder import is_candidate
from interlock.secrets import WITHHELD
from interlock.terminal.printed import interlock
from interlock.terminal.progress import StackLine
from interlock.terminal.tables import say, say_command, say_folded, say_names
from interlock.terminal.written import write

LABEL = "adopt"
SHOWN = 12
"""Lines of names; the report has all."""
MAX_TEXT = 300


def list_jobs(live: LiveJobs, regions: Sequence[str]) -> tuple[list[ActualJob], Looked]:
    """The jobs of some regions, or of all that there are. CloudError when not one region answers."""
    line = StackLine(LABEL)
    places = list(regions) or live.locations()
    jobs, problems, first = list[ActualJob](), list[str](), None
    for number, region in enumerate(places, start=1):
        line.now(f"{region}, {number} of {count(len(places), 'location')}, {count(len(jobs), 'job')} found")
        try:
            jobs += live.jobs(region)
        except CloudError as error:
            first = first or error
            problems.append(plain(str(error), MAX_TEXT))
    if first is not None and len(problems) == len(places):
        raise first
    line.end(f"{count(len(jobs), 'job')} in {count(len({job.region for job in jobs}), 'location')}, {len(places)} looked at")
    return jobs, Looked(regions=places, problems=problems)


def say_written(found: Adoption, asked: Asked, folder: Path, texts: Mapping[str, str], *, accepted: int) -> None:
    """What was written, in a few lines."""
    say(f"{count(len(found.entries), 'job')} adopted into {folder.as_posix()}:")
    for name, text in texts.items():
        say(f"  {name:<{max(map(len, texts))}}  {count(text.count(chr(10)), 'line')}")
    undecided = [entry.key for entry in found.entries if entry.live.state == PAUSED]
    if undecided:
        say_folded(f"{count(len(undecided), 'job')} found paused, and left so until somebody decides:")
        say_names(undecided, SHOWN)
    if accepted:
        say_folded(f"{count(accepted, 'finding')} of today accepted in {BASELINE_FILE}, each until its day")
    if same := duplicates(found.entries):
        say_folded(f"{count(len(same), 'group')} of jobs that do the same at the same times; the report names them")
    if asked.owner == NOBODY_KNOWN and found.entries:
        say_folded(f"Nobody said whose the jobs are: they belong to {NOBODY_KNOWN} until you write their owners")
    if text := environment_text(asked.env, found.env):
        say_folded(f"environments/{asked.env.name}.yaml has to say, in the place of these sections:")
        for line in text.splitlines():
            say(f"  {line}")


def say_nothing(found: Adoption, asked: Asked) -> None:
    """Why nothing was written."""
    if found.known:
        say_folded(f"Nothing is new: the catalog has all {count(found.known, 'job')} already, or leaves them outside")
    elif not found.unseen:
        say_folded(f"There is no job to adopt in project {asked.env.project}; nothing was written")


def say_trouble(found: Adoption, looked: Looked) -> None:
    """What a person must see to, last, where it is seen."""
    for outside, what in ((found.outside, "can't be said and stays outside"), (found.left, "stays outside, as you asked")):
        for one in outside[:SHOWN]:
            say_folded(f"{one.identity} {what}: {plain(one.reason, MAX_TEXT)}", style="yellow")
        if len(outside) > SHOWN:
            say(f"... and {len(outside) - SHOWN} more that {what}; the report has all")
    if found.unseen:
        say_folded(f"{count(len(found.unseen), 'job')} whose target you may not see; it takes {FULL_VIEW}:", style="red")
        say_names(found.unseen, SHOWN)
    for job, places in sorted(found.secrets.items()):
        where = ", ".join(f"{where} {key}" for where, key in places)
        say_folded(f"{job} has a secret in its {where}; {WITHHELD} stands for it", style="red")
    for problem in looked.problems:
        say_folded(f"not listed: {problem}", style="red")


def next_commands(found: Adoption, asked: Asked) -> list[tuple[str, str]]:
    """What comes next, and why."""
    before = [
        *(["decide about the secrets"] if found.secrets else []),
        *([f"write what environments/{asked.env.name}.yaml has to say"] if environment_text(asked.env, found.env) else []),
    ]
    return [
        (", then ".join([*before, "see that nothing new is wrong"]), interlock("validate")),
        ("see that it imports and changes nothing", interlock("plan")),
        ("import: no job is written", interlock("deploy")),
        ("who touches which table", interlock("adopt", "--platform", asked.platform, "--tables")),
    ]


def say_next(commands: Sequence[tuple[str, str]]) -> None:
    """The same on the screen."""
    say("Next:")
    for why, command in commands:
        say_folded(f"{why}:", indent="  ")
        say_command(f"  {command}")


def contents_of(root: Path) -> dict[PurePosixPath, bytes]:
    """The files of a catalog, by their paths in it; none where there is no catalog yet."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    inside = {PurePosixPath(path.relative_to(root).as_posix()): path for path in found}
    return {name: path.read_bytes() for name, path in inside.items() if is_candidate(name)}


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Makes the folder hold these files: a new one appears whole, of one that is there each file is the old or the new one.
    UsageError where that is not allowed."""
    if folder.exists():
        for name, text in texts.items():
            write(folder / name, text)
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _half(folder) as half:
            for name, text in texts.items():
                (half / name).write_text(text, encoding="utf-8")
            half.chmod(0o755)
            half.rename(folder)
    except OSError as error:
        raise click.UsageError(f"{folder} can't be written: {error.strerror}; nothing was written") from None


@contextlib.contextmanager
def _half(folder: Path) -> Iterator[Path]:
    """A folder beside it, which is gone again unless it was renamed. No reader of catalogs takes it for a platform's."""
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".half", dir=folder.parent))
    try:
        yield half
    finally:
        shutil.rmtree(half, ignore_errors=True)
