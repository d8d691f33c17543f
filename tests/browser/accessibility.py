"""Asks axe-core about a page, and whether it fits a narrow screen."""

from playwright.sync_api import Page

from engine.settings import ROOT

AXE = ROOT / "webui" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Return what axe-core finds; the context must bypass the security policy to let it in."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{page.url}: {one['id']} ({one['help']}): {node['html'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def too_wide(page: Page, width: int = 320) -> list[str]:
    """Return the widest elements when the page has to be scrolled sideways at `width` pixels."""
    before = page.viewport_size or {"width": 1280, "height": 800}
    page.set_viewport_size({"width": width, "height": 640})
    over: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found: list[str] = page.evaluate(
        """() => [...document.body.querySelectorAll('*')]
            .filter(it => it.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 3).map(it => it.outerHTML.slice(0, 120))"""
    )
    page.set_viewport_size(before)
    return [f"{page.url}: {over} px too wide", *found] if over > 0 else []
