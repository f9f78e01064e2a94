"""A real Chromium, without a window: the machine's own, by `chromium` on the PATH or INTERLOCK_CHROMIUM."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from interlock.board.board import Board
from interlock.board.page import page as page_of

ROOT = Path(__file__).parents[2]
REQUIRE = "INTERLOCK_REQUIRE_BROWSER"
"""Set where a missing browser is a failure and no skip."""
AXE = ROOT / ".browser/node_modules/axe-core/axe.min.js"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1200, "height": 900}


def _missing(what: str) -> None:
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{what}; make test-browser brings what it can, and apt-get install -y chromium the browser")
    pytest.skip(what)


@dataclass
class Seen:
    """A page that is open, and what it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    """Errors of the console and of scripts."""
    asked: list[str] = field(default_factory=list)
    """Requests, but the one for the page itself."""

    def text(self, selector: str = "body") -> str:
        """What is to be read there, on one line."""
        return " ".join(str(self.page.locator(selector).inner_text()).split())

    def hidden(self, selector: str) -> bool:
        """Whether it is not to be seen."""
        return not self.page.locator(selector).is_visible()

    def violations(self) -> list[str]:
        """What axe-core objects to, everything opened."""
        if not AXE.exists():
            _missing("axe-core is not installed")
        self.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run()")
        return [json.dumps([one["id"], one["help"], one["nodes"][0]["html"][:200]]) for one in found["violations"]]


Opens = Callable[..., Seen]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    playwright = pytest.importorskip("playwright.sync_api") if os.environ.get(REQUIRE) != "1" else None
    if playwright is None:
        from playwright import sync_api as playwright
    binary = os.environ.get("INTERLOCK_CHROMIUM") or shutil.which("chromium")
    if binary is None:
        _missing("there is no chromium on the PATH")
    with playwright.sync_playwright() as driver:
        # Without its sandbox, which a container has no rights for: the pages are ours, and ask for nothing.
        browser = driver.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opens(chromium: Any, tmp_path: Path) -> Iterator[Opens]:
    """Opens a board as a page: `scripts`, `dark`, a `size`, the reader's `zone`, at an instant."""
    contexts = []

    def open_(
        board: Board,
        *,
        at: datetime | None = None,
        scripts: bool = True,
        dark: bool = False,
        size: dict[str, int] = DESK,
        zone: str = "America/New_York",
        anchor: str = "",
    ) -> Seen:
        file = tmp_path / "board.html"
        file.write_text(page_of(board), encoding="utf-8")
        context = chromium.new_context(
            java_script_enabled=scripts, color_scheme="dark" if dark else "light", viewport=size, timezone_id=zone
        )
        contexts.append(context)
        page = context.new_page()
        seen = Seen(page=page)
        page.on("console", lambda one: seen.said.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: seen.said.append(str(error)))
        page.on("request", lambda one: seen.asked.append(one.url) if one.url.partition("#")[0] != file.as_uri() else None)
        page.on("dialog", lambda one: (seen.said.append(f"dialog {one.message}"), one.dismiss()))
        if scripts:
            page.clock.set_fixed_time(at or board.now)
        page.goto(file.as_uri() + anchor)
        return seen

    yield open_
    for context in contexts:
        context.close()
