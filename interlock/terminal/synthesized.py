"""Whether a synth would write what lies there: a stamp over all that a synth reads, and over what the last one wrote.

Contents count and no file's date, so that a checkout, a copy or a merge that changes nothing asks for no synth. Whatever may
play a part is in the stamp: a synth too many takes seconds, one too few deploys what nobody has written.

The app asks this before it starts Node.js, so what else is needed is imported where it is.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE = "synthesized.json"
"""The stamp, in an environment's output folder, beside what it is of."""
APP = Path("main.py")
CODE = ("coordinator", "imports", "interlock", "stacks")
"""Folders beside the app: what it runs, the provider's bindings, and what it packs into the coordinator's archive."""
LOCKS = ("cdktf.json", "package-lock.json", "requirements/run.txt")
"""Files beside the app that say what it runs on."""
SETTINGS = "cdktf.json"
"""In the current folder, where cdktf looks for it."""
VARIABLES = ("CDKTF_", "JSII_", "NODE_", "PYTHON", "SYNTH_", "TERRAFORM_")
"""How the names of the variables begin that cdktf, jsii, Node.js and Python go by."""
OF_OTHERS = ("CDKTF_DISABLE_PLUGIN_CACHE_ENV", "CDKTF_OUTDIR", "CDKTF_SKIP_PROVIDER_LOCK")
"""Variables of these that are not theirs: `local run` sets two for the cdktf command line, and the folder is told by us."""
SET_BY_CDKTF = {
    "CDKTF_CONTEXT_JSON": '{"cdktfRelativeModules":[]}',
    "CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS": "true",
    "NODE_ENV": "production",
    "NODE_OPTIONS": "--max-old-space-size=4096",
    "SYNTH_HCL_OUTPUT": "false",
}
"""What its command line (0.21) tells every app that is asked for JSON, of which ours writes the same."""
BYTE_CODE = "__pycache__"
"""The folders of what Python has compiled of sources that count themselves; without a source it counts where it lies."""
OUTPUTS = ("manifest.json", "coordinator-*.zip", "stacks/*/cdk.tf.json", "stacks/*/versions.tf")
"""What a synth writes into the output folder."""
TICK = 0.1
"""Seconds: file systems date a change by a clock that is a few hundredths behind, and a Python takes as long to begin."""


@dataclass
class _Inputs:
    sum: hashlib._Hash = field(default_factory=hashlib.sha256)
    newest: float = 0.0
    """When a file of them last became what it is, by the file system: no tool can set that back."""


def inputs(catalog: Path, environment: str, environ: Mapping[str, str]) -> str:
    """A digest of all that a synth of `catalog` in `environment` reads: both, code, bindings, locks, the packages that are
    installed, and the variables of `environ`."""
    return _inputs(catalog, environment, environ).sum.hexdigest()


def _inputs(catalog: Path, environment: str, environ: Mapping[str, str]) -> _Inputs:
    from interlock.reading.kept import installed

    root, found = APP.resolve().parent, _Inputs()
    _texts(found, environment, str(catalog), catalog.resolve().name)
    _folder(found, catalog)
    for file in (
        Path("environments", f"{environment}.yaml"),
        Path(SETTINGS),
        *(root / name for name in LOCKS),
        *sorted({root / APP.name, *root.glob("*.py")}),  # where the app lies Python looks first, whatever is imported
    ):
        _file(found, file.name, file)
    for name in CODE:
        _folder(found, root / name)
    _texts(found, sys.version, *installed())
    told = {name: value for name, value in environ.items() if name.startswith(VARIABLES) and SET_BY_CDKTF.get(name) != value}
    _texts(found, *(f"{name}={told[name]}" for name in sorted(told) if name not in OF_OTHERS))
    return found


def is_ours() -> bool:
    """Whether the app in the current folder, or where that links to, is the one beside this code: we know no other's inputs."""
    return APP.resolve() == Path(__file__).resolve().parents[2] / APP


def is_fresh(folder: Path, digest: str) -> bool:
    """Whether the output in `folder` is of a synth with these inputs, and all of it still as that wrote it."""
    try:
        stamp = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return bool(stamp["inputs"] == digest and stamp["outputs"] and stamp["outputs"] == outputs(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def stamp_unless_edited(
    folder: Path, digest: str, *, catalog: Path, environment: str, environ: Mapping[str, str], began: float
) -> None:
    """Notes that what is in `folder` was synthesized with these inputs by the process that `began` then, in seconds since the
    epoch: unless some were edited since, so that it may be of either."""
    found = _inputs(catalog, environment, environ)
    if found.sum.hexdigest() == digest and found.newest < began - TICK:
        stamp(folder, digest)


def stamp(folder: Path, digest: str) -> None:
    """Notes that what is in `folder` was synthesized just now, with these inputs."""
    from interlock.terminal.written import write

    write(folder / FILE, json.dumps({"inputs": digest, "outputs": outputs(folder)}, indent=2, sort_keys=True) + "\n")


def forget(folder: Path) -> None:
    """Has the next deploy synthesize: what is there may be half of something."""
    (folder / FILE).unlink(missing_ok=True)


def forget_imports(folder: Path) -> None:
    """Removes the import blocks of an earlier day: one too many fails every plan."""
    from interlock.terraform.imports import FILE as IMPORTS

    for file in folder.glob(f"stacks/*/{IMPORTS}"):
        file.unlink()


def outputs(folder: Path) -> dict[str, str]:
    """The digest of each file that a synth has written into `folder`."""
    files = sorted(file for pattern in OUTPUTS for file in folder.glob(pattern))
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _folder(found: _Inputs, folder: Path) -> None:
    """Names and contents of all files below, but for what Python keeps of its sources."""
    files = [*_below(folder)]
    _texts(found, folder.name, str(len(files)))
    for file in files:
        _file(found, file.relative_to(folder).as_posix(), file)


def _below(folder: Path) -> Iterator[Path]:
    """All files, in order. Links to folders are followed, as by Python's imports, and are in it themselves: one of a circle is
    not gone into again."""
    entered: set[str] = set()
    for path, folders, files in os.walk(folder, followlinks=True):
        within = {name for name in folders if Path(path, name).is_symlink()}
        real = os.path.realpath(path)
        folders[:] = [] if real in entered else sorted({*folders} - {BYTE_CODE})
        entered.add(real)
        yield from (Path(path, name) for name in sorted({*files, *within}))


def _file(found: _Inputs, name: str, file: Path) -> None:
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise OSError(errno.EINVAL, "a pipe, which would be waited for")
        found.newest = max(found.newest, file.stat().st_ctime)
        content = file.read_bytes()
    except OSError as error:  # it is not there or a folder, or the synth says what is wrong with it
        _texts(found, name, str(error.errno))
        return
    _texts(found, name)
    _bytes(found, content)


def _texts(found: _Inputs, *texts: str) -> None:
    _bytes(found, str(len(texts)).encode())
    for text in texts:
        _bytes(found, text.encode(errors="surrogateescape"))


def _bytes(found: _Inputs, content: bytes) -> None:
    """With its length before it, so that no two rows of contents are the same bytes."""
    found.sum.update(len(content).to_bytes(8, "big"))
    found.sum.update(content)
