"""The page of keys names every key that the code has, with its life there (V11.1.1)."""

import ast
import re
from datetime import timedelta

import pytest

from engine import (
    accounts,
    challenge,
    factor,
    keyring,
    masterkey,
    password,
    provider,
    receipt,
    security_key,
    settings,
)
from engine.settings import Settings
from tests.meta.house import texts, trees
from webui import known_browser

MAKES = {
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.token_urlsafe",
    "secrets.choice",
    "pyotp.random_base32",
    "AESGCM.generate_key",
    "os.urandom",
    "HKDF",
    "AESGCM",
    "ec.generate_private_key",
}
"""What makes keys and tokens, or keys out of keys."""


def _page() -> str:
    return next(text for name, text in texts("docs") if name == "docs/keys.md")


def _row(name: str) -> str:
    rows = [line for line in _page().splitlines() if line.startswith(f"| {name} |")]
    assert len(rows) == 1, name
    return rows[0]


def _called(tree: ast.Module) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_page_names_every_module_that_makes_keys() -> None:
    makers = {
        name
        for name, tree in trees().items()
        if _called(tree) & MAKES and not name.startswith("engine/migrations/")
    }
    assert len(makers) > 8
    page = _page()
    assert {name for name in makers if f"`{name}`" not in page} == set()
    named = set(re.findall(r"`((?:engine|webui|tasks)/\w+\.py)`", page))
    assert named - makers == {"engine/settings.py"} - makers


def test_page_names_every_key_of_the_settings() -> None:
    keys = {
        name
        for name, found in vars(Settings).items()
        if isinstance(found, property) and name.endswith("_key")
    }
    secret = {
        name
        for name in Settings.__dataclass_fields__
        if name.endswith(("_key", "_keys", "_secret", "_password", "_token"))
        and not name.startswith("require_")
    }
    assert keys == {"state_key", "audit_key", "index_key", "account_key", "report_key"}
    assert secret == {"secret_key", "master_keys", "oidc_client_secret"}
    for name in keys | secret:
        _row(f"`{name}`")


def test_every_row_says_all_that_is_asked_for() -> None:
    rows = [line for line in _page().splitlines() if line.startswith("| ")]
    assert len(rows) > 20
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 7, row
        assert all(cells), row


def _told(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    for size, word in ((1440, "days"), (60, "hours"), (1, "minutes")):
        if minutes % size == 0 and minutes // size > 1:
            return f"{minutes // size} {word}"
    raise AssertionError


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        ("session", [_told(accounts.IDLE), _told(accounts.ABSOLUTE), "256 bits"]),
        ("half session", [_told(accounts.HALF)]),
        ("mark of a known browser", [_told(known_browser.LASTS)]),
        (
            "challenge of a security key",
            [_told(security_key.LASTS), f"{security_key.CHALLENGE * 8} bits"],
        ),
        ("sign-in at the provider", [_told(provider.LASTS)]),
        ("challenge of the public page", [_told(challenge.LIFETIME)]),
        ("`master_keys`", [f"{masterkey.LENGTH * 8} bits"]),
        ("`secret_key`", [f"at least {settings.MIN_KEY_LENGTH} characters"]),
        ("password", [f"{password.SHORTEST} to {password.LONGEST} characters"]),
        ("recovery code", [f"{factor.GROUPS * 4 * 5} bits", f"{factor.RECOVERY_CODES} of them"]),
        ("receipt code", [f"{sum(receipt.GROUPS) * 5} bits"]),
        ("nonces and salts", [f"{keyring.NONCE * 8} bits"]),
        ("secret of an app", [f"{len(factor.new_secret()) * 5} bits"]),
    ],
)
def test_page_tells_lengths_and_lives_as_the_code_has_them(row: str, facts: list[str]) -> None:
    for fact in facts:
        assert fact in _row(row), fact
