"""Write the generated pages of docs/reference anew: python -m manual."""

from __future__ import annotations

from manual import pages
from src.support.cli import guarded


def main() -> None:
    """Write each page that is not as it should be."""
    for path, make in pages.PAGES.items():
        text = make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            print(f"{path}: as it should be")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{path}: written")


if __name__ == "__main__":
    guarded(main)
