"""The catalog as a commit of git has it, or as a folder has it. Nothing of what git says is run, checked out or written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from interlock.catalog import Catalog
from interlock.reading.files import load_catalog
from interlock.reading.folder import is_candidate, problem
from interlock.reading.kept import catalog_of
from interlock.reading.problems import MAX_FILE_CHARACTERS, Problem

MAX_FILE_BYTES = 4 * MAX_FILE_CHARACTERS
"""UTF-8 has at most four bytes a character; what is larger is not read at all."""
FILE_MODES = {"100644", "100755"}
OTHER_MODES = {"120000": "a symbolic link", "160000": "a submodule"}
PATIENCE_SECONDS = 60


class RefError(ValueError):
    """There is no catalog to read: what is wrong with the reference, and the next command, for people."""


def catalog_at(reference: str, root: Path, *, past: bool = False) -> Catalog:
    """The catalog that `reference` means: that of a folder, or that of the folder `root` in the commit of that name.

    Of the `past` what the format no longer has is read over: else the change that takes it out could not be reviewed.

    A commit is looked up in the repository that `root` is in. RefError when there is no such catalog, SourceError when it is
    broken.
    """
    if _is_folder(reference, root):
        return load_catalog(Path(reference), past=past)
    git = _Git(_existing(root))
    commit = git.commit(reference)
    return _catalog_of_commit(git, commit, root, past=past)


def said_commit(root: Path) -> str:
    """Which commit the folder `root` is as of, for people: `commit 1a2b3c4 of 2026-11-29`, and whether it has changes since."""
    git = _Git(_existing(root))
    try:
        return f"commit {git.head()}{' with changes since' if git.has_changes() else ''}"
    except RefError:
        return "in no git repository"


def _is_folder(reference: str, root: Path) -> bool:
    """Whether a folder is meant. What may mean both is refused: comparing with the wrong one would look like an answer."""
    if not reference or not Path(reference).is_dir():  # the path of nothing is the folder that we are in
        return False
    if reference.startswith((".", "/")):
        return True
    try:
        _Git(_existing(root)).commit(reference)
    except RefError:
        return True
    raise RefError(f"{reference!a} is a folder and a git ref; write ./{reference} for the folder, or the commit's id")


def _existing(root: Path) -> Path:
    """`root`, or the nearest folder around it: the catalog may exist only in the commit."""
    absolute = root.absolute()
    return next(folder for folder in (absolute, *absolute.parents) if folder.is_dir())


def _catalog_of_commit(git: _Git, commit: str, root: Path, *, past: bool) -> Catalog:
    """As `files.load_catalog`, of the folder that `root` is in that commit."""
    inside = git.path_of(root)
    folder = root.resolve().name
    unreadable: list[Problem] = []
    wanted: dict[PurePosixPath, str] = {}
    for entry in git.entries(commit, inside):
        if entry.path == inside:
            unreadable.append(problem(str(root), f"is {OTHER_MODES.get(entry.mode, 'a file')} there, and no folder"))
            continue
        path = entry.path.relative_to(inside)
        if why := _refused(entry, path):
            unreadable.append(problem(f"{folder}/{path}", why))
        elif is_candidate(path):
            wanted[path] = entry.id
    contents = dict(zip(wanted, git.contents(list(wanted.values())), strict=True))
    return catalog_of(folder, contents, shown=str(root), unreadable=unreadable, past=past)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a commit has at a path. `size` is in bytes, 0 for what is no file."""

    mode: str
    id: str
    size: int
    path: PurePosixPath


def _refused(entry: _Entry, path: PurePosixPath) -> str | None:
    """Why the catalog can't be told from this entry. A link may lead to files of the catalog, whatever it is called."""
    if entry.mode not in FILE_MODES:
        return f"is {OTHER_MODES.get(entry.mode, f'of mode {entry.mode}')} there; a catalog is plain files"
    if is_candidate(path) and entry.size > MAX_FILE_BYTES:
        return f"has {entry.size} bytes; allowed: at most {MAX_FILE_CHARACTERS} characters. Split the file"
    return None


class _Git:
    """Asks git about the repository that `folder` is in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def commit(self, reference: str) -> str:
        """The id of the commit that `reference` names."""
        self._ask("rev-parse", "--git-dir", otherwise=f"{self._folder} is in no git repository; name a folder instead of a ref")
        if reference.startswith("-") or not reference.isprintable():
            why = "it looks like an option" if reference.startswith("-") else "it has characters that no ref has"
            raise RefError(f"{reference!a} is no git ref: {why}; write one like origin/main")
        wanted = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"]
        return self._ask(*wanted, otherwise=lambda: self._unknown(reference)).decode().strip()

    def _unknown(self, reference: str) -> str:
        """Why `reference` may be unknown, and what to run."""
        remote, _, branch = reference.partition("/")
        remotes = self._ask("remote", otherwise="git names no remotes").decode().split() or ["origin"]
        if remote not in remotes:
            remote, branch = remotes[0], reference
        fetch = f"git fetch {remote} {branch}"
        if self._ask("rev-parse", "--is-shallow-repository", otherwise="").decode().strip() == "true":
            fetch += f"; this clone is shallow: git fetch --unshallow {remote} (actions/checkout: fetch-depth: 0)"
        named = f"git knows no commit {reference!a}, and there is no such folder"
        return f"{named}; run: {fetch}" if reference else "no commit or folder is named; write one like origin/main"

    def path_of(self, root: Path) -> PurePosixPath:
        """`root` from the top of the repository; `.` for the top itself."""
        prefix = self._ask("rev-parse", "--show-prefix", otherwise=f"{self._folder} is in no working tree").decode()
        return PurePosixPath(prefix.removesuffix("\n")) / root.absolute().relative_to(self._folder).as_posix()

    def head(self) -> str:
        """The commit that is checked out, and its day."""
        words = ("show", "--no-patch", "--no-show-signature", "--format=%h of %cs", "HEAD")
        return self._ask(*words, otherwise="there is no commit").decode().strip()

    def has_changes(self) -> bool:
        """Whether anything in the folder is not as in that commit, new files included."""
        words = ("-c", "core.fsmonitor=false", "status", "--porcelain", "--", ".")
        return bool(self._ask(*words, otherwise="git can't compare").strip())

    def entries(self, commit: str, path: PurePosixPath) -> Iterator[_Entry]:
        """Every file, link and submodule at or under `path`."""
        only = [] if path == PurePosixPath() else ["--", str(path)]
        words = ["ls-tree", "-r", "-z", "--long", "--full-tree", commit, *only]
        listed = self._ask(*words, otherwise=f"git can't list {commit}")
        for line in listed.split(b"\0")[:-1]:
            facts, _, name = line.partition(b"\t")
            mode, _, id, size = facts.decode().split()
            yield _Entry(mode=mode, id=id, size=int(size) if size != "-" else 0, path=PurePosixPath(os.fsdecode(name)))

    def contents(self, ids: Sequence[str]) -> Iterator[bytes]:
        """The contents of files, in that order."""
        if not ids:
            return
        asked = "".join(f"{id}\n" for id in ids).encode()
        answer = self._ask("cat-file", "--batch", given=asked, otherwise="git can't read the files of the commit")
        at = 0
        for id in ids:
            end_of_header = answer.index(b"\n", at)
            header = answer[at:end_of_header].decode(errors="replace")
            size = header.rpartition(" ")[2]
            if not size.isdigit():
                raise RefError(f"git has lost the object {id} ({header}); run: git fsck")
            begin, at = end_of_header + 1, end_of_header + 1 + int(size) + 1  # a line feed follows each
            yield answer[begin : at - 1]

    def _ask(self, *words: str, otherwise: str | Callable[[], str], given: bytes = b"") -> bytes:
        """What `git WORDS` prints. RefError with what `otherwise` says when it fails."""
        quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *words],
                input=given,
                capture_output=True,
                env=os.environ | quiet,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise RefError("git is not installed, or not in PATH; install it, or name a folder instead of a ref") from None
        except subprocess.TimeoutExpired:
            raise RefError(f"git {words[0]} took more than {PATIENCE_SECONDS} s") from None
        if done.returncode == 0:
            return done.stdout
        refused = done.stderr.decode(errors="replace").strip().splitlines()[:1]
        said = otherwise if isinstance(otherwise, str) else otherwise()
        raise RefError(f"{said}{f' ({refused[0]})' if refused else ''}")
