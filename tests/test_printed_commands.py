"""Every command that we print or write down is one: parsed by the real parser, or against the Makefile, and never run.

Commands are found in golden files, documents, the comments of the Makefile, and the string literals of the code (messages,
alert documentation). What stands for something (`NAME`, `<job>`, a value that code fills in) is good for any value.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from interlock.commands import COMMANDS, SUBCOMMANDS, main

ROOT = Path(__file__).parents[1]
PACKAGES = ("conformance", "coordinator", "guard", "interlock", "local", "policies", "stacks", "tools")
FILLED_IN = "FILLED-IN"
"""In place of what an f-string fills in."""
SPELLED = {"interlock": "interlock", "interlock_command": "interlock", "make": "make", "make_command": "make"}
"""Functions that spell a command for an environment, and its program."""
STANDS_FOR = re.compile(rf"{FILLED_IN}|<[^<>]+>|\b[A-Z][A-Z0-9_]*\b|\.\.\.|\$")
COMMAND = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?(interlock|make) +(?=[a-z<{]|FILLED-IN|--)([^\n`]*)")
SPEAKS = re.compile(r"(interlock|make)(_command)?[ \"'(]")
"""What stands in a module that has a command, in a text or spelled: most have none, and to parse them all takes a second."""
STRONG = re.compile(r"(^|`|\$ |[:;(] ?|\bthen |# )$")
"""What stands before a command; elsewhere `make` is a word, as in make sure, unless a target follows."""
END = re.compile(r"[;,)\"“”]|(?<!\.)\.(?= |$)|:(?= |$)| # | \| | > | && | \[")
MAKE_WORD = re.compile(r"[A-Z_]+=.*|[a-z][a-z-]*")


@cache
def _makefile() -> dict[str, str]:
    """The targets of the Makefile with their recipes."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    parts = re.split(r"^([a-z][a-z-]*):(?!=)", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def _variables() -> frozenset[str]:
    """What every target takes."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset({"INTERLOCK_CATALOG", *re.findall(r"^([A-Z]+) \?=", text, re.MULTILINE)})


def _literals(nodes: list[ast.AST]) -> Iterator[str]:
    """The texts of a module, docstrings left out: those speak of commands."""
    inside: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else FILLED_IN for part in node.values)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def _calls(nodes: list[ast.AST]) -> Iterator[str]:
    """The commands that a module has spelled: `interlock("release", scope)`, `make("deploy", ENV=env)`."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPELLED:
            given = [part.value if isinstance(part, ast.Constant) else FILLED_IN for part in node.args]
            names = [part.arg for part in node.keywords if part.arg and part.arg.isupper()]
            yield " ".join([SPELLED[node.func.id], *map(str, given), *(f"{name}={FILLED_IN}" for name in names)])


def _code_of(markdown: str) -> Iterator[str]:
    """Fenced lines and spans of code; the rest of a document is prose."""
    fenced = re.split(r"^```.*$", markdown, flags=re.MULTILINE)
    for index, part in enumerate(fenced):
        if index % 2:
            yield from part.splitlines()
        else:
            yield from re.findall(r"`([^`\n]+)`", part)


def _texts() -> Iterator[tuple[str, str]]:
    """Where each text stands, and the text."""
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "guard/README.md"]):
        yield from ((str(path.relative_to(ROOT)), text) for text in _code_of(path.read_text(encoding="utf-8")))
    for path in sorted((ROOT / "tests").rglob("golden/**/*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("\\n", "\n").replace('\\"', '"')
            yield from ((str(path.relative_to(ROOT)), line) for line in text.splitlines())
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        if "node_modules" not in path.parts and ".venv" not in path.parts:
            module = path.read_text(encoding="utf-8")
            nodes = [*ast.walk(ast.parse(module))] if SPEAKS.search(module) else []
            yield from ((str(path.relative_to(ROOT)), text) for text in (*_literals(nodes), *_calls(nodes)))


def _commands() -> Iterator[tuple[str, str, str]]:
    """Where each command stands, its program and its words."""
    for where, text in _texts():
        for line in text.splitlines():
            for found in COMMAND.finditer(line):
                program, rest = found[1], found[2]
                first = rest.split(maxsplit=1)[0].strip(".,:;)`'\"") if rest.split() else ""
                known = first in (COMMANDS if program == "interlock" else _makefile())
                printed = STRONG.search(line[: found.start()]) and not (program == "make" and not MAKE_WORD.fullmatch(first))
                if known or (printed and line[: found.start()].strip(" $#`") == ""):
                    yield where, program, rest.strip()


def _words(rest: str) -> list[str]:
    """The words of a command, up to where its sentence goes on."""
    quoted = re.sub(r"'[^']*'|\"[^\"]*\"|\$\([^)]*\)|<[^<>]*>", lambda part: "Q" * len(part[0]), rest)
    end = END.search(quoted)
    text = rest[: end.start()] if end else rest
    try:
        return shlex.split(text.replace("<", "'<").replace(">", ">'") if "<" in text else text, comments=True)
    except ValueError:
        return text.split()


def _parse(words: list[str]) -> None:
    """UsageError when the words are no command of ours."""
    with click.Context(main, info_name="interlock") as context:
        of = 2 if tuple(words[:2]) in SUBCOMMANDS else 1
        command = main.resolve_command(context, words)[1] if of == 2 else main.get_command(context, words[0])
        assert command is not None, f"there is no command {words[0]}"
        arguments = words[of:]
        if isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
            inner = command.get_command(context, arguments[0])
            assert inner is not None, f"there is no command {words[0]} {arguments[0]}"
            command, arguments = inner, arguments[1:]
        options = {
            option for parameter in command.get_params(context) for option in (*parameter.opts, *parameter.secondary_opts)
        }
        if set(arguments) <= options:
            return  # spoken of, perhaps with an option, without what it needs
        try:
            command.make_context("interlock", [*arguments], parent=context)
        except click.BadParameter as error:
            said = error.format_message()
            if not any(STANDS_FOR.search(word) and repr(word) in said for word in arguments):
                raise


def _parses(words: list[str]) -> str:
    """Nothing, or why the words are no command. Prose may follow one, options may not."""
    if words[:1] == [FILLED_IN] or words[:1] == ["--version"]:
        return ""
    problem = ""
    for length in range(len(words), 0, -1):
        try:
            _parse(words[:length])
        except (click.UsageError, AssertionError) as error:
            problem = problem or str(error)
        else:
            return ""
        if words[length - 1].startswith("-"):
            break
    return problem


def _makes(words: list[str]) -> str:
    """Nothing, or why the words are nothing that the Makefile does."""
    taken = [word for word in words if MAKE_WORD.fullmatch(word)]
    targets = [word for word in taken if "=" not in word]
    if not targets or targets[0] not in _makefile():
        return f"no target {targets[0] if targets else words}"
    recipe = _makefile()[targets[0]]
    given = {word.partition("=")[0] for word in words if re.match(r"[A-Z_]+=", word)}
    unknown = sorted(name for name in given - _variables() if not re.search(rf"\$[({{$]*{name}\b|\b{name}=", recipe))
    return f"make {targets[0]} takes no {', '.join(unknown)}" if unknown else ""


@pytest.fixture(scope="module")
def found() -> list[tuple[str, str, str]]:
    """Not at the import: every worker of pytest imports every test, and would read all of the code for it."""
    return sorted(set(_commands()))


@cache
def _wrong(program: str, rest: str) -> str:
    """Nothing, or why it is no command."""
    return _parses(_words(rest)) if program == "interlock" else _makes(_words(rest))


def test_every_printed_command_is_one(found: list[tuple[str, str, str]]) -> None:
    assert [f"{where}: {program} {rest}: {why}" for where, program, rest in found if (why := _wrong(program, rest))] == []


def test_commands_are_found_where_they_are_printed(found: list[tuple[str, str, str]]) -> None:
    """Each kind of place has some, so that a change of the places does not empty this test."""
    places = {where.split("/")[0] for where, _, _ in found}
    assert {"README.md", "docs", "tests", "interlock", "stacks"} <= places


@pytest.mark.parametrize(
    ("program", "rest", "is_one"),
    [
        ("interlock", "release service/scrapers at-20260310T120500Z", True),
        ("interlock", "release", True),
        ("interlock", "hold SCOPE --for 2h --reason deploys", True),
        ("interlock", "fires JOB --limit FILLED-IN shows them all", True),
        ("interlock", "status --al and look at it", False),
        ("interlock", "status; then go on", True),
        ("interlock", "hold SCOPE --fro 2h --reason deploys", False),
        ("interlock", "--version", True),
        ("interlock", "--versions", False),
        ("interlock", "releese service/scrapers", False),
        ("interlock", "fires JOB --limit ten", False),
        ("make", "backfill-on NAME=tdza UNTIL=23:00", True),
        ("make", "backfill-on NAME=tdza SVG=x", False),
        ("make", "backfil-on NAME=tdza", False),
    ],
)
def test_the_test_tells_a_command_from_none(program: str, rest: str, is_one: bool) -> None:
    assert (_wrong(program, rest) == "") is is_one
