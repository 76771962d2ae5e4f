"""Write the script that draws charts: python -m app.dashboard.vega_bundle <file>."""

from __future__ import annotations

import sys
from pathlib import Path

import vl_convert

from src.support import files


def main() -> None:
    """Write Vega, Vega-Lite and Vega-Embed, as vl-convert carries them, into one file."""
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    files.write(path, script.encode())


if __name__ == "__main__":
    main()
