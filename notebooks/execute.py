"""Run notebooks and write them with their outputs: python -m notebooks.execute."""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import tempfile
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from PIL import Image

from src.config import configuration
from src.support import files
from src.support.cli import guarded
from src.support.errors import UserError, unknown

FOLDER = Path("notebooks")
TIMEOUT = 600  # seconds for one cell
COLOURS = 96  # of a picture
PNG = "image/png"
# What another machine, another time or another editor would write otherwise is left out.
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m notebooks.execute",
        description="Run notebooks/<name>.py and write notebooks/<name>.ipynb with its outputs.",
    )
    parser.add_argument("names", nargs="*", help="all by default")
    names = parser.parse_args().names
    guarded(lambda: execute(names))


def execute(names: list[str]) -> None:
    """Run the named notebooks, or all; a notebook with a cell that fails is not written."""
    configuration.find_root()
    known = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if is_notebook(path)}
    for name in names or known:
        if name not in known:
            raise unknown("notebook", name, known)
        target = known[name].with_suffix(".ipynb")
        notebook = run(read(known[name]))
        files.write(target, f"{nbformat.writes(notebook)}\n".encode())
        print(f"{target}: {target.stat().st_size / 1000:,.0f} kB")


def is_notebook(path: Path) -> bool:
    """Tell a notebook's source from any other Python file: it begins with jupytext's header."""
    return path.read_text(encoding="utf-8").startswith("# ---\n")


def read(path: Path) -> NotebookNode:
    """Read a source; a cell is named by its content, so that an edit renames no other."""
    notebook = jupytext.read(path)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.id = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        cell.metadata = nbformat.from_dict({})
    return notebook


def run(notebook: NotebookNode) -> NotebookNode:
    """Run all cells by this interpreter, in the project's root."""
    client = NotebookClient(
        notebook, timeout=TIMEOUT, record_timing=False, coalesce_streams=True, kernel_name="python3"
    )
    kernel = client.create_kernel_manager()
    # Without folders to look in, the kernel is the one of this environment, and not some other
    # that the user has installed under the same name.
    kernel.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])
    with tempfile.TemporaryDirectory() as folder:
        kernel.transport, kernel.ip = "ipc", f"{folder}/kernel"  # on no network
        try:
            client.execute()
        except CellExecutionError as error:
            raise UserError("A cell failed; nothing was written.", given=error) from None
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel tells its version
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PNG in output.get("data", {}):
                output.data[PNG] = slim(output.data[PNG])
    return notebook


def slim(picture: str) -> str:
    """Write a chart's picture with few colours, a seventh of its size: git keeps every version."""
    packed = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        image.convert("RGB").quantize(COLOURS).save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()


if __name__ == "__main__":
    main()
