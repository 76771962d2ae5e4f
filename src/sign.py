"""Make keys, and sign bundles that were trained without.

python -m src.sign keys <folder outside of the project>
python -m src.sign bundles <bundle> ...
"""

from __future__ import annotations

import argparse
from pathlib import Path

from src.config import configuration
from src.inference import bundle, signing
from src.support.cli import guarded
from src.support.errors import UserError


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.sign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=("keys", "bundles"), help="what is made, or signed")
    parser.add_argument("paths", type=Path, nargs="+", help="the keys' folder; those of bundles")
    asked = parser.parse_args()
    if asked.verb == "keys":
        guarded(lambda: make(asked.paths))
    else:
        guarded(lambda: sign(asked.paths))


def make(paths: list[Path]) -> None:
    """Make a pair of keys; raise UserError within the project, where git would keep them."""
    configuration.find_root()
    folder, *others = paths
    if others:
        raise UserError("A pair of keys goes into one folder.", given=", ".join(map(str, paths)))
    if folder.resolve().is_relative_to(Path.cwd()):
        raise UserError(
            "A private key does not belong into the project.",
            given=folder,
            fix="name a folder outside of it",
        )
    private, public = signing.make_keys(folder)
    print(f"to train:  export {signing.SIGN}={private.absolute()}")
    print(f"to serve:  export {signing.TRUST}={public.absolute()}")


def sign(paths: list[Path]) -> None:
    """Sign bundles, each once its files are those that its manifest names."""
    for path in paths:
        bundle.sign(path)
        print(f"{path}: signed")


if __name__ == "__main__":
    main()
