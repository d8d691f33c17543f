"""Says in words which browser on which system asks; the long text about it is not kept."""

from flask import request

from engine.language import gettext, mark

# The first that is found: most browsers name their ancestors too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
UNKNOWN = mark("a browser")


def said_device(words: str) -> str:
    """Return the words that were kept about a browser in the language of the reader."""
    browser, on, system = words.partition(" on ")
    browser = gettext(browser) if browser == UNKNOWN else browser
    if not on:
        return browser
    return gettext("%(browser)s on %(system)s", browser=browser, system=system)


def device_words() -> str:
    """Return e.g. `Firefox on Windows` for the browser of this request, in English to be kept."""
    agent = request.user_agent.string
    browser = next((name for sign, name in BROWSERS if sign in agent), UNKNOWN)
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return f"{browser} on {system}" if system else browser
