"""What a source archive of a function needs, as Cloud Build's Python buildpack and the start of the container ask for it.

Nothing is installed here: a package that doesn't exist, or a module that main.py imports in vain, is not noticed.
https://github.com/GoogleCloudPlatform/buildpacks/blob/main/cmd/python/functions_framework/main.go (validateSource, compileall)
"""

from __future__ import annotations

import ast
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache

SOURCE_VARIABLE = "GOOGLE_FUNCTION_SOURCE"
"""Of the build: which file the function is in, where it isn't main.py."""
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\s*(\[[^\]]*\])?\s*"
    r"(@\s*\S+|\(?\s*(===?|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+(\s*,\s*(===?|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+)*\s*\)?)?\s*(;.*)?"
)


class BuildError(Exception):
    """What is wrong with an archive, in the build's words."""


def check(content: bytes, variables: Mapping[str, str]) -> str:
    """The text of the file that the function is in. BuildError for an archive that can't be built.

    `variables` are those of the build.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as files:
            names = {name for name in files.namelist() if not name.endswith("/")}
            texts = {name: files.read(name) for name in names if name.endswith((".py", ".txt"))}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise BuildError(f"failed to Fetch: failed to unzip the archive: zip: not a valid zip file ({error})") from None
    file = variables.get(SOURCE_VARIABLE) or "main.py"
    if file not in names:
        raise BuildError(_missing(file, chosen=SOURCE_VARIABLE in variables))
    for name, text in sorted(texts.items()):
        if name.endswith(".py"):
            _compile(name, text)
    for line in _requirements(texts.get("requirements.txt", b"").decode(errors="replace")):
        if not _REQUIREMENT.fullmatch(line):
            raise BuildError(f"ERROR: Invalid requirement: {line!r} (from requirements.txt)")
    return texts.get(file, b"").decode(errors="replace")


def defines(source: str, name: str) -> bool:
    """Whether a module may have a function of this name: it is bound in it, or the module takes all names of another."""
    return any(found in (name, "*") for found in _bound(ast.parse(source).body))


def _missing(file: str, *, chosen: bool) -> str:
    if chosen:
        return f'{SOURCE_VARIABLE} specified file "{file}" but it does not exist'
    return (
        f"missing main.py and {SOURCE_VARIABLE} not specified. Either create the function in main.py or specify "
        f"{SOURCE_VARIABLE} to point to the file that contains the function"
    )


@lru_cache(512)  # an archive that is built again has most files of the last one
def _compile(name: str, text: bytes) -> None:
    try:
        ast.parse(text, name)
    except (SyntaxError, ValueError) as error:
        raise BuildError(f"*** Error compiling './{name}'...\n{error}") from None


def _requirements(text: str) -> Iterator[str]:
    """The requirements of a file as pip reads them: lines continued by a backslash, without options and comments."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = re.sub(r"(^|\s+)#.*$", "", re.sub(r"\s--\S+", "", line)).strip()
        if line and not line.startswith(("-", ".", "/")) and "://" not in line.split("@")[0]:
            yield line


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements bind, at whatever depth but in functions and classes."""
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in names)
            case _:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        yield node.id
                    elif isinstance(node, ast.stmt) and node is not statement:
                        yield from _bound([node])
