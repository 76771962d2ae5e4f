"""A person at a browser, and what is asked of every page that they see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.app.dashboard.browser import IS_CI, Locator, Page, axe, expect

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "artifacts" / "screenshots"  # ignored by git; to be looked at
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
SCHEMES = ("light", "dark")


class Visitor:
    """Look at pages of a service, and remember what the browser complained of."""

    def __init__(self, page: Page, base: str, width: int) -> None:
        self.page = page
        self.base = base
        self.width = width
        self.complaints: list[str] = []
        self.expected: list[str] = []  # parts of complaints that a test provokes
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("request", lambda request: self._leaves(request.url))

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.base + path)

    def find(self, words: str) -> Locator:
        """Return what a CSS selector finds."""
        return self.page.locator(words)

    def check(self, name: str) -> None:
        """Look at the whole page in both schemes; leave a picture of each where one may look."""
        self.draw()
        wider = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"the page is {wider} pixels wider than the screen"
        for scheme in SCHEMES:
            # Colours on their way are nobody's; to wait for them may take for ever.
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.draw()
            if not IS_CI:  # there nobody looks at pictures
                PICTURES.mkdir(parents=True, exist_ok=True)
                picture = PICTURES / f"{name}-{self.width}-{scheme}.png"
                self.page.screenshot(path=picture, full_page=True)
            self._check_access(scheme)
        self.page.emulate_media(color_scheme="light")
        self.check_quiet()

    def check_quiet(self) -> None:
        """Nothing was wrong in the browser's eyes, and nobody else was asked."""
        left = [one for one in self.complaints if not any(words in one for words in self.expected)]
        assert left == []

    def draw(self) -> None:
        """Scroll to each chart and wait until it is there."""
        for chart in self.page.locator(".chart").all():
            if chart.is_visible():
                chart.scroll_into_view_if_needed()
                expect(chart).to_have_attribute("data-drawn", "true", timeout=20_000)
        self.page.evaluate("scrollTo(0, 0)")

    def wait(self, is_so: Callable[[], bool], what: str, seconds: float = 30) -> None:
        """Wait for something that is not on the page."""
        for _ in range(int(seconds * 10)):
            if is_so():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not within {seconds:g} s: {what}")

    def _check_access(self, scheme: str) -> None:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(axe())
        found: dict[str, Any] = self.page.evaluate("rules => axe.run(document, rules)", RULES)
        serious = [
            f"{scheme}: {one['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert serious == []

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _leaves(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"another host was asked: {url}")
