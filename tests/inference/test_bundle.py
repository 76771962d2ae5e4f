from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

from src.inference import bundle
from src.inference.bundle import Bundle
from src.support.errors import UserError
from tests.app import project

ROWS = pd.DataFrame(
    {
        "carat": [0.5, 1.25, float("nan")],
        "cut": pd.Series(["Fair", None, "Ideal"], dtype="str"),
        "price": [100.0, 250.0, 400.0],
    }
)
MODEL = {"weights": [1.5, 2.5], "name": "model"}
PREDICTIONS = pd.DataFrame({"actual": [1.5, 2.0], "predicted": [1.25, 2.5]})
FILES = ["model.joblib", "predictions.csv", "rows.parquet"]


def save(path: Path, model: Any = MODEL, **manifest: Any) -> dict[str, Any]:
    return bundle.save(
        path,
        model=model,
        rows=ROWS,
        tables={"predictions": PREDICTIONS},
        manifest={"dataset": "stones", "metrics": {"r2": None}, **manifest},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(tmp_path / "bundle")
    return tmp_path / "bundle"


def content(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


class Touch:
    """Make a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def refused(path: Path) -> UserError:
    """Return the error of loading, which must leave no trace of what the model would do."""
    with pytest.raises(UserError) as caught:
        bundle.load(path)
    return caught.value


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    manifest = save(tmp_path / "new" / "bundle", note="é ≥")
    loaded = bundle.load(tmp_path / "new" / "bundle")
    assert isinstance(loaded, Bundle)
    assert loaded.path == tmp_path / "new" / "bundle"
    assert loaded.model == MODEL
    assert loaded.manifest == manifest
    assert (manifest["dataset"], manifest["note"]) == ("stones", "é ≥")
    pd.testing.assert_frame_equal(loaded.rows(), ROWS)


def test_the_rows_are_numbered_anew(tmp_path: Path) -> None:
    rows = ROWS.set_index(pd.Index([7, 3, 5]))
    bundle.save(tmp_path / "bundle", model=1, rows=rows, tables={}, manifest={})
    assert bundle.load(tmp_path / "bundle").rows().index.tolist() == [0, 1, 2]


def test_tables_are_csv(path: Path) -> None:
    assert (path / "predictions.csv").read_text() == "actual,predicted\n1.5,1.25\n2.0,2.5\n"


def test_extra_files_are_kept_as_they_are_and_vouched_for(tmp_path: Path) -> None:
    data = b"\x00\xff\r\n"
    manifest = bundle.save(
        tmp_path / "b", model=1, rows=ROWS, tables={}, manifest={}, extra={"more.bin": data}
    )
    assert (tmp_path / "b" / "more.bin").read_bytes() == data
    assert manifest["files"]["more.bin"] == hashlib.sha256(data).hexdigest()
    assert bundle.verified(tmp_path / "b", "more.bin", manifest) == data
    (tmp_path / "b" / "more.bin").write_bytes(data + b"?")
    with pytest.raises(UserError, match=r"damaged: more\.bin"):
        bundle.verified(tmp_path / "b", "more.bin", manifest)
    assert "more.bin" in refused(tmp_path / "b").what


def test_a_manifest_is_read_without_the_trainings_libraries(path: Path, root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from src.inference import bundle;"
        "path = Path('bundle'); manifest = bundle.read_manifest(path);"
        "bundle.verified(path, 'rows.parquet', manifest);"
        "print(sorted({'pandas', 'joblib', 'sklearn', 'numpy'} & set(sys.modules)))"
    )
    done = run(code, root, path.parent)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_file_is_in_the_manifest_with_its_hash(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    files = content(path)
    del files["manifest.json"]
    assert sorted(files) == FILES
    assert manifest["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }


def test_the_same_things_make_the_same_bytes(tmp_path: Path) -> None:
    save(tmp_path / "one")
    save(tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_saving_again_replaces_the_whole_bundle(path: Path) -> None:
    (path / "trials.csv").write_text("of another time\n")
    save(path, {"other": 1})
    assert sorted(content(path)) == sorted([*FILES, "manifest.json"])
    assert bundle.load(path).model == {"other": 1}
    assert [file.name for file in path.parent.iterdir()] == ["bundle"]


def test_a_bundle_can_be_moved(path: Path, tmp_path: Path) -> None:
    path.rename(tmp_path / "elsewhere")
    loaded = bundle.load(tmp_path / "elsewhere")
    assert loaded.model == MODEL
    assert len(loaded.rows()) == 3


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_flipped_bit_in_any_file_is_told(path: Path, name: str, where: str) -> None:
    data = bytearray((path / name).read_bytes())
    data[{"first": 0, "middle": len(data) // 2, "last": -1}[where]] ^= 1
    (path / name).write_bytes(data)
    error = refused(path)
    assert f"{name} is not the file that was trained" in error.what
    assert error.given == path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("data", [b"", b"longer"])
def test_a_file_of_another_length_is_told(path: Path, name: str, data: bytes) -> None:
    kept = (path / name).read_bytes()
    (path / name).write_bytes(kept + data if data else kept[:-1])
    assert f"{name} is not the file that was trained" in refused(path).what


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_told(path: Path, name: str) -> None:
    (path / name).unlink()
    error = refused(path)
    assert f"{name} is absent" in error.what
    assert "it was not loaded" in (error.fix or "")


@pytest.mark.parametrize("damaged", ["model.joblib", "predictions.csv", "rows.parquet"])
def test_nothing_of_a_damaged_bundle_is_unpickled(path: Path, tmp_path: Path, damaged: str) -> None:
    trace = tmp_path / "unpickled"
    save(path, Touch(trace))
    if damaged == "model.joblib":
        save(path)
        joblib.dump(Touch(trace), path / "model.joblib")
    else:
        (path / damaged).write_bytes(b"?")
    assert f"{damaged} is not the file that was trained" in refused(path).what
    assert not trace.exists()


def test_the_trap_of_these_tests_does_spring(path: Path, tmp_path: Path) -> None:
    save(path, Touch(tmp_path / "unpickled"))
    bundle.load(path)
    assert (tmp_path / "unpickled").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": 1, "files": {}}', "another format"),
        ('{"format": "2", "files": {}}', "another format"),
        ('{"files": {}}', "another format"),
        ('{"format": 2}', "another format"),
        ('{"format": 3}', "another format"),
        ('{"format": 3, "files": {}}', "manifest.json is not what was written"),
        ('{"format": 3, "files": {}, "digest": "0"}', "manifest.json is not what was written"),
        ('{"format": 2, "files": ["model.joblib"]}', "another format"),
        ("[]", "another format"),
        ('{"format": 2,', "cannot be read"),
        ("", "cannot be read"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_manifest_that_is_none_is_told_and_nothing_is_unpickled(
    path: Path, tmp_path: Path, text: str, words: str
) -> None:
    save(path, Touch(tmp_path / "unpickled"))
    (path / "manifest.json").write_bytes(text.encode("latin-1"))
    error = refused(path)
    assert words in error.what
    assert str(path) in str(error.given)
    assert not (tmp_path / "unpickled").exists()


def test_another_format_says_which_one_is_read(path: Path) -> None:
    (path / "manifest.json").write_text('{"format": 1, "files": {}}')
    error = refused(path)
    assert error.given == f"{path}, format 1"
    assert error.choices == ["2", "3"]
    assert "train it again" in (error.fix or "")


@pytest.mark.parametrize("files", [{}, {"model.joblib": "0" * 64}, {"rows.parquet": "0" * 64}])
def test_a_model_that_the_manifest_does_not_vouch_for_is_not_unpickled(
    path: Path, tmp_path: Path, files: dict[str, str]
) -> None:
    save(path, Touch(tmp_path / "unpickled"))
    (path / "manifest.json").write_text(json.dumps({"format": 2, "files": files}))
    assert "is damaged" in refused(path).what
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("name", ["dataset", "metrics", "files", "format"])
def test_whatever_a_changed_manifest_says_is_not_believed(
    path: Path, tmp_path: Path, name: str
) -> None:
    save(path, Touch(tmp_path / "unpickled"))
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest == bundle.sealed(manifest)
    change = {"metrics": {"r2": 1.0}, "files": {"model.joblib": "0" * 64}, "format": 4}
    manifest[name] = change.get(name, "others")
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert refused(path).code == "broken_bundle"
    assert not (tmp_path / "unpickled").exists()


def test_a_model_is_unpickled_by_a_manifest_that_was_kept_if_both_name_it(
    path: Path, tmp_path: Path
) -> None:
    kept = json.loads((path / "manifest.json").read_text())
    kept["files"]["card.json"] = "0" * 64  # of an earlier card
    assert bundle.load_model(path, kept) == MODEL
    save(path, Touch(tmp_path / "unpickled"))
    with pytest.raises(UserError, match=r"model\.joblib is not the file that was trained"):
        bundle.load_model(path, kept)
    forged = {**kept, "files": json.loads((path / "manifest.json").read_text())["files"]}
    project.damage(path / "model.joblib")
    with pytest.raises(UserError, match=r"model\.joblib is not the file that was trained"):
        bundle.load_model(path, forged)
    assert not (tmp_path / "unpickled").exists()


def test_a_manifest_of_the_earlier_format_is_read(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest["digest"]
    (path / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))
    assert bundle.load(path).model == MODEL


@pytest.mark.parametrize("name", ["", "bundle"])
def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path / name)
    assert error.what == "There is no bundle here."
    assert error.given == tmp_path / name


def test_rows_are_checked_when_they_are_read(path: Path) -> None:
    loaded = bundle.load(path)
    (path / "rows.parquet").write_bytes(b"other rows")
    with pytest.raises(UserError, match="is not the file that was trained"):
        loaded.rows()


class Stubborn:
    """Refuse to be pickled, after something has been written already."""

    def __reduce__(self) -> Any:
        raise self.error

    def __init__(self, error: BaseException) -> None:
        self.error = error


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), MemoryError()])
def test_an_error_in_the_middle_leaves_the_old_bundle(path: Path, error: BaseException) -> None:
    before = content(path)
    with pytest.raises(type(error)):
        save(path, [b"x" * 100_000, Stubborn(error)])
    assert content(path) == before
    assert [file.name for file in path.parent.iterdir()] == ["bundle"]


def test_an_error_in_the_middle_of_the_first_save_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(pickle.PicklingError):
        save(tmp_path / "bundle", lambda: None)
    assert list(tmp_path.iterdir()) == []


def test_figures_that_are_no_numbers_leave_the_old_bundle(path: Path) -> None:
    before = content(path)
    with pytest.raises(ValueError, match="JSON"):
        save(path, metrics={"r2": float("nan")})
    assert content(path) == before


def run(code: str, root: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


KILLED = """
import os, signal
import pandas as pd
from pathlib import Path
from src.inference import bundle

class Killer:
    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGKILL)

class Table(pd.DataFrame):
    def to_csv(self, *words, **named):
        os.kill(os.getpid(), signal.SIGKILL)

bundle.save(
    Path("bundle"),
    model=[b"x" * 100_000, {model}],
    rows=pd.DataFrame({{"x": [1.0]}}),
    tables={{"predictions": {table}}},
    manifest={{}},
)
"""


@pytest.mark.parametrize(("model", "table"), [("Killer()", "pd.DataFrame()"), ("None", "Table()")])
def test_a_killed_save_leaves_the_old_bundle_and_the_next_one_succeeds(
    path: Path, root: Path, model: str, table: str
) -> None:
    before = content(path)
    done = run(KILLED.format(model=model, table=table), root, path.parent)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert content(path) == before
    assert bundle.load(path).model == MODEL
    save(path, {"next": 1})
    assert bundle.load(path).model == {"next": 1}


def test_a_first_save_that_is_killed_leaves_no_bundle(tmp_path: Path, root: Path) -> None:
    run(KILLED.format(model="Killer()", table="pd.DataFrame()"), root, tmp_path)
    assert not (tmp_path / "bundle").exists()
    save(tmp_path / "bundle")
    assert bundle.load(tmp_path / "bundle").model == MODEL


FULL = """
import resource
import numpy as np
import pandas as pd
from pathlib import Path
from src.support.errors import UserError
from src.inference import bundle

numbers = np.random.default_rng(0).random(20_000)
big, small = pd.DataFrame({"x": numbers}), pd.DataFrame({"x": [1.0]})
cases = {
    "model": (numbers, small, small, {}),
    "rows": (None, big, small, {}),
    "table": (None, small, big, {}),
    "manifest": (None, small, small, {"note": "x" * 100_000}),
}
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
for name, (model, rows, table, manifest) in cases.items():
    try:
        bundle.save(Path("bundle"), model=model, rows=rows, tables={"t": table}, manifest=manifest)
    except UserError as error:
        print(name, error.what, "|", error.given)
"""


def test_a_full_disk_is_told_and_leaves_the_old_bundle(path: Path, root: Path) -> None:
    before = content(path)
    done = run(FULL, root, path.parent)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["model", "rows", "table", "manifest"]
    assert all("could not be written" in line and "bundle" in line for line in lines)
    assert content(path) == before
    assert bundle.load(path).model == MODEL
    assert [file.name for file in path.parent.iterdir()] == ["bundle"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="The bundle could not be written"):
        save(tmp_path / "file" / "bundle")
