"""The stamp of a synth: equal while what it reads is, another after any edit; and what was touched since is not trusted."""

from __future__ import annotations

import os
import site
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.terminal import synthesized
from interlock.terminal.synthesized import FILE, forget, inputs, is_fresh, stamp, stamp_unless_edited

READ = (
    "main.py",
    "cdktf.json",
    "package-lock.json",
    "requirements/run.txt",
    "environments/here.yaml",
    "catalog/shop/shop.yaml",
    "catalog/shop/more/prices.yaml",
    "catalog/clocks.json",
    "coordinator/requirements.txt",
    "coordinator/main.py",
    "imports/google/provider.py",
    "interlock/catalog.py",
    "interlock/reading/schema.py",
    "stacks/cdk.py",
)
NOT_READ = (
    "environments/other.yaml",
    "interlock/__pycache__/catalog.cpython-311.pyc",
    "docs/operate.md",
    "tests/test_it.py",
    ".terraform.lock.hcl",
)
WRITTEN = (
    "manifest.json",
    "coordinator-0a.zip",
    "stacks/schedules/cdk.tf.json",
    "stacks/schedules/versions.tf",
    "stacks/alerting/cdk.tf.json",
)
BESIDE = (
    "stacks/schedules/.terraform/terraform.tfstate",
    "stacks/schedules/.terraform.lock.hcl",
    "stacks/schedules/imports.tf",
)
FREELY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(root: Path, name: str, content: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)


def digest(environment: str = "here", catalog: str = "catalog", **environ: str) -> str:
    return inputs(Path(catalog), environment, environ)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (*READ, *NOT_READ):
        write(tmp_path, name, f"what {name} says\n".encode())
    return tmp_path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    for name in (*WRITTEN, *BESIDE):
        write(tmp_path, name, f"what {name} says\n".encode())
    stamp(tmp_path, "digest")
    return tmp_path


@FREELY
@given(data=st.data(), name=st.sampled_from(READ), text=st.binary(max_size=20))
def test_any_edit_of_what_is_read_gives_another_stamp_and_taking_it_back_the_old_one(
    root: Path, data: st.DataObject, name: str, text: bytes
) -> None:
    file, before = root / name, digest()
    content = file.read_bytes()
    at = data.draw(st.integers(0, len(content)))
    gone = data.draw(st.integers(0, len(content) - at))
    edited = content[:at] + text + content[at + gone :]
    file.write_bytes(edited)
    assert (digest() == before) == (edited == content)
    file.unlink()
    assert digest() != before
    file.write_bytes(content)
    os.utime(file, (0, 0))
    assert digest() == before, "a date says nothing"


@FREELY
@given(first=st.sampled_from(READ), second=st.sampled_from(READ))
def test_two_files_that_change_places_give_another_stamp(root: Path, first: str, second: str) -> None:
    before, one, other = digest(), (root / first).read_bytes(), (root / second).read_bytes()
    write(root, first, other)
    write(root, second, one)
    assert (digest() == before) == (first == second)
    write(root, first, one)
    write(root, second, other)


@pytest.mark.parametrize("folder", ["catalog/shop", "catalog/another", "coordinator", "imports", "interlock", "stacks"])
def test_a_file_that_is_new_gives_another_stamp_and_a_file_that_moves_too(root: Path, folder: str) -> None:
    before = digest()
    write(root, f"{folder}/new.yaml", b"")
    added = digest()
    (root / folder / "new.yaml").rename(root / folder / "newer.yaml")
    assert len({before, added, digest()}) == 3


FOLDERS = ("catalog", "catalog/shop", "coordinator", "imports/google", "interlock", "interlock/reading", "stacks")
NAMES = st.text("abcxyz._-", min_size=1, max_size=8).map(lambda name: f"new{name}")


def states(root: Path) -> dict[str, bytes | None]:
    """Every file as it is; None for a link to none."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.exists() else None
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@FREELY
@given(data=st.data(), name=st.sampled_from(READ), folder=st.sampled_from(FOLDERS), new=NAMES)
def test_whatever_becomes_of_a_file_the_stamp_is_another_and_the_old_one_once_it_is_undone(
    root: Path, data: st.DataObject, name: str, folder: str, new: str
) -> None:
    """Files come, go, move, are emptied, cut short, made longer and become folders and links to nothing."""
    file, other, before, was = root / name, root / folder / new, digest(), states(root)
    content = file.read_bytes()

    def becomes_a_folder() -> None:
        file.unlink()
        (file / "inside").mkdir(parents=True)

    def becomes_a_link_to_nothing() -> None:
        file.unlink()
        file.symlink_to("nowhere")

    edits = {
        "it goes": file.unlink,
        "it moves": lambda: file.rename(other),
        "it is emptied": lambda: file.write_bytes(b""),
        "it is cut short": lambda: file.write_bytes(content[:-1]),
        "it is longer": lambda: file.write_bytes(content + b"\n"),
        "it becomes a folder": becomes_a_folder,
        "it becomes a link to nothing": becomes_a_link_to_nothing,
        "another comes": lambda: other.write_bytes(b""),
        "one of the same content comes": lambda: other.write_bytes(content),
        "a link to it comes": lambda: other.symlink_to(file),
        "a link to nothing comes": lambda: other.symlink_to("nowhere"),
        "a link to its folder comes": lambda: other.symlink_to(file.parent),
    }
    edits[data.draw(st.sampled_from(sorted(edits)))]()
    assert digest() != before
    if other.exists() or other.is_symlink():
        other.unlink()
    if file.is_symlink():
        file.unlink()
    elif file.is_dir():
        (file / "inside").rmdir()
        file.rmdir()
    file.write_bytes(content)
    assert states(root) == was
    assert digest() == before


@pytest.mark.parametrize("folder", ["interlock", "catalog/shop", "stacks"])
def test_an_edit_behind_a_link_to_a_folder_gives_another_stamp(root: Path, folder: str) -> None:
    write(root, "elsewhere/deep/module.py", b"one")
    (root / folder / "linked").symlink_to(root / "elsewhere")
    before = digest()
    write(root, "elsewhere/deep/module.py", b"two")
    assert digest() != before


def test_links_in_a_circle_have_an_end(root: Path) -> None:
    before = digest()
    (root / "interlock" / "again").symlink_to(root / "interlock")
    (root / "interlock" / "reading" / "up").symlink_to("..")
    assert digest() != before


@pytest.mark.parametrize(
    "name", ["cdktf.py", "sitecustomize.py", "interlock/hidden.pyc"], ids=["shadows a package", "runs first", "has no source"]
)
def test_what_python_would_import_in_place_of_what_is_meant_gives_another_stamp(root: Path, name: str) -> None:
    before = digest()
    write(root, name, b"import something else")
    assert digest() != before


def test_a_pipe_in_the_catalog_is_not_waited_for(root: Path) -> None:
    before = digest()
    os.mkfifo(root / "catalog" / "shop" / "pipe.yaml")
    assert digest() != before


def test_another_python_and_another_set_of_packages_give_another_stamp(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [digest()]
    packages = root / "site-packages"
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(packages)])
    for name in ("cdktf-0.21.0.dist-info", "cdktf-0.22.0.dist-info"):
        write(packages, f"{name}/METADATA", b"")
        found.append(digest())
    monkeypatch.setattr(synthesized.sys, "version", "3.14.0")
    assert len({*found, digest()}) == 4


@pytest.mark.parametrize("name", NOT_READ)
def test_what_no_synth_reads_leaves_the_stamp(root: Path, name: str) -> None:
    before = digest()
    write(root, name, b"edited")
    assert digest() == before


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("CDKTF_CONTEXT_JSON", True),
        ("JSII_RUNTIME", True),
        ("NODE_OPTIONS", True),
        ("PYTHONPATH", True),
        ("SYNTH_HCL_OUTPUT", True),
        ("TERRAFORM_BINARY_NAME", True),
        ("CDKTF_OUTDIR", False),
        ("CDKTF_SKIP_PROVIDER_LOCK", False),
        ("INTERLOCK_LOCAL_URL", False),
        ("COLUMNS", False),
    ],
)
def test_of_the_variables_those_count_that_cdktf_and_what_it_runs_on_go_by(root: Path, name: str, counts: bool) -> None:
    assert root.exists()
    assert (digest() != digest(**{name: "a"})) == counts
    assert (digest(**{name: "b"}) != digest(**{name: "a"})) == counts


@pytest.mark.usefixtures("root")
def test_what_the_cdktf_command_line_tells_every_app_asks_for_no_synth_and_another_value_does() -> None:
    told = synthesized.SET_BY_CDKTF
    assert digest(**told) == digest()
    assert len({digest(**told | {name: "another"}) for name in told} - {digest()}) == len(told)


def noted(output: Path, *, before: str, began: float) -> bool:
    """Whether a synth of these inputs is noted that began then."""
    stamp_unless_edited(output, before, catalog=Path("catalog"), environment="here", environ={}, began=began)
    return (output / FILE).exists()


@pytest.mark.parametrize("name", READ)
def test_a_synth_is_not_noted_of_what_was_edited_since_it_began_also_where_its_date_says_otherwise(
    root: Path, name: str
) -> None:
    before, output = digest(), root / "out"
    output.mkdir()
    began = (root / name).stat().st_ctime + 60
    assert noted(output, before=before, began=began)
    forget(output)
    assert not noted(output, before="of something else", began=began)
    os.utime(root / name, (0, 0))
    assert not noted(output, before=digest(), began=(root / name).stat().st_ctime), "it was read before or after"
    assert digest() == before


def test_only_the_app_beside_this_code_is_known(root: Path) -> None:
    assert not synthesized.is_ours(), "a copy"
    (root / "main.py").unlink()
    assert not synthesized.is_ours(), "none"
    (root / "main.py").symlink_to(Path(__file__).parents[3] / "main.py")
    assert synthesized.is_ours()


def test_another_environment_or_another_name_of_the_catalog_gives_another_stamp(root: Path) -> None:
    (root / "environments" / "other.yaml").write_bytes((root / "environments" / "here.yaml").read_bytes())
    (root / "catalog").rename(root / "old")
    (root / "catalog").symlink_to("old")
    assert len({digest(), digest("other"), digest(catalog="old"), digest(catalog=str(root / "catalog"))}) == 4


def test_what_a_synth_has_written_is_trusted_with_the_same_inputs_only(output: Path) -> None:
    assert is_fresh(output, "digest")
    assert not is_fresh(output, "another")
    forget(output)
    assert not is_fresh(output, "digest")
    forget(output)


@FREELY
@given(name=st.sampled_from(WRITTEN), content=st.binary(max_size=30))
def test_an_output_that_was_edited_or_removed_is_not_trusted(output: Path, name: str, content: bytes) -> None:
    before = (output / name).read_bytes()
    (output / name).write_bytes(content)
    assert is_fresh(output, "digest") == (content == before)
    (output / name).unlink()
    assert not is_fresh(output, "digest")
    (output / name).write_bytes(before)
    assert is_fresh(output, "digest")


def test_what_terraform_and_a_deploy_leave_beside_it_takes_no_trust_away(output: Path) -> None:
    for name in BESIDE:
        (output / name).write_text("another")
    assert is_fresh(output, "digest")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"digest"', "{}", '{"inputs": "digest"}', '{"inputs": "digest", "outputs": {}}']
)
def test_a_stamp_that_says_nothing_is_not_trusted(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert not is_fresh(tmp_path, "digest")
