"""Ask whether advisories are known of the pinned packages: make audit.

pip-audit finds nothing where it could ask nobody; here that has a code of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

PINS = Path("constraints.txt")
SBOM = Path("artifacts/sbom.cdx.json")
SOUND, ADVISED, UNKNOWN = 0, 1, 3
PATIENCE = 600  # seconds
EPILOG = """exit codes:
  0  no advisory is known of any package that could be looked up
  1  there are advisories, which are listed
  3  no package could be looked up: nothing is known, and that is no good news
"""


class Found(NamedTuple):
    """What was learnt: packages that were looked up, those that were not, and advisories."""

    asked: list[str]
    skipped: list[str]
    advisories: list[str]

    @property
    def code(self) -> int:
        """Return the exit code."""
        if self.advisories:
            return ADVISED
        return SOUND if self.asked else UNKNOWN


def main() -> None:
    """Run the command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m container.audit", description=__doc__, epilog=EPILOG, formatter_class=form
    )
    parser.parse_args()
    list_packages()
    found = look_up()
    for line in found.advisories:
        print(line)
    print(f"{len(found.asked)} packages looked up, {len(found.advisories)} advisories.")
    if found.skipped:
        print(f"{len(found.skipped)} could not be looked up, among them {found.skipped[0]}.")
    if found.code == UNKNOWN:
        print("No advisories could be reached: ask again where pypi.org can be.", file=sys.stderr)
    raise SystemExit(found.code)


def look_up() -> Found:
    """Ask pip-audit of every pinned package."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    try:
        document = json.loads(done.stdout)
    except ValueError:  # it ended before it could ask
        print(done.stderr.strip()[-500:], file=sys.stderr)
        return Found([], [], [])
    return read(document)


def read(document: dict[str, Any]) -> Found:
    """Sort out what pip-audit writes."""
    found = Found([], [], [])
    for one in document["dependencies"]:
        if "skip_reason" in one:
            found.skipped.append(one["name"])
            continue
        found.asked.append(one["name"])
        for advisory in one["vulns"]:
            mended = ", ".join(advisory["fix_versions"]) or "no version yet"
            words = f"{one['name']} {one['version']}: {advisory['id']}, mended in {mended}"
            found.advisories.append(words)
    return found


def list_packages() -> None:
    """Write which packages are installed here, as CycloneDX (JSON)."""
    SBOM.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable]
    command += ["--output-reproducible", "--of", "JSON", "--output-file", str(SBOM)]
    subprocess.run(command, check=True, timeout=PATIENCE)
    print(f"{SBOM}: what is installed here, as CycloneDX")


if __name__ == "__main__":
    main()
