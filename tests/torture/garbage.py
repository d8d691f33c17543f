"""What nobody types on purpose: odd texts, broken bodies, lying headers, from a seeded chance."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

MARK = "<fuzz-7f"
"""A tag that no page of ours has: where it comes back unescaped, a page can be written into."""
TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1",
    "2",
    "5.0",
    "1e309",
    "NaN",
    "+5",
    "1_000",
    "0x10",
    "\u00b2",
    "\u0661\u0662\u0663",
    "\uff11\uff12",
    "9" * 30,
    "9" * 5000,
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    "null",
    "true",
    "yes",
    "[]",
    "{}",
    "\x00",
    "a\x00b",
    "\r\nX-Injected: yes\r\n\r\n<p>",
    "\x1b[31m\x08\x7f",
    "\u202etxt",
    "\u2028\u2029\ufeff",
    "é" * 300,
    "\U0001d54f" * 100,
    "z\u0351" * 200,
    "%00",
    "%ff%fe",
    "%s%n%x{0}",
    "{{7*7}}",
    "${7*7}",
    "../../../../etc/passwd",
    "..\\..\\boot.ini",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "https://evil.example/",
    "' OR 1=1 --",
    '"; DROP TABLE account; --',
    f"{MARK}>",
    f'">{MARK} onload=x>',
    f"'-->{MARK}>",
    "=cmd|' /C calc'!A0",
    "2026-01-15",
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "0001-01-01",
    "+10000-01-01",
    "20260115",
    "2026-W03-4",
    "2026-01-15T08:00:00+99:99",
    "23:61",
    "P1D",
    "PT-1S",
    "P99999999Y",
    "A" * 5000,
    "A" * 70000,
    "a b " * 300,
)
TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary="' + "b" * 300 + '"',
    "text/xml",
    "text/plain; charset=\u00e9",
    "",
    ";;;",
    "a" * 3000,
)
HEADERS: dict[str, Sequence[str]] = {
    "Accept": ("application/json", "text/html;q=x", "*/*;q=-1", "", ",,,;"),
    "Accept-Language": ("xx-XX", "*" * 400, ";q=9"),
    "Accept-Encoding": ("br;q=oops", ""),
    "Authorization": ("Basic %%%", "Bearer x", "Basic dTpw", "Digest x=y"),
    "Content-Encoding": ("gzip", "x"),
    "Expect": ("100-continue", "x"),
    "Forwarded": ('for="[::1]";proto=x', "x"),
    "Host": ("localhost", "evil.example", "a b", "[", "localhost:99999", "127.0.0.1:x", ""),
    "If-Modified-Since": ("yesterday", "Thu, 99 Foo 10000 00:00:00 GMT"),
    "If-None-Match": ('"x"', "*", "W/"),
    "Origin": ("null", "https://evil.example"),
    "Range": ("bytes=0-1", "bytes=-1", "bytes=9-1,2-3", "x=1"),
    "Referer": ("https://evil.example/", "x"),
    "Sec-Fetch-Site": ("cross-site", "same-site", "x", "none"),
    "Transfer-Encoding": ("chunked", "gzip, chunked"),
    "User-Agent": ("", "A" * 9000, "\u00e9\u00ff", "x\ty"),
    "X-CSRFToken": ("x", "\u00e9\u00ff", ""),
    "X-Forwarded-For": ("x", "1.2.3.4, 5.6.7.8"),
    "X-Forwarded-Host": ("evil.example",),
    "X-Forwarded-Proto": ("x", "https"),
    "X-HTTP-Method-Override": ("DELETE",),
    "X-Request-Id": ("x\ty", "A" * 2000),
}
LENGTHS = ("-1", "abc", "99999999999", "0", "1e3", "")
COOKIES = (
    "casetable",
    "casetable=",
    "casetable=.eJx; casetable=x",
    "casetable=" + "A" * 6000,
    "casetable-known=x; casetable-known=y",
    "=;;==;\xff\xfe",
    'casetable="\\000\\377"',
)


class Garbage:
    """Odd values from one source of chance."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice

    def sometimes(self, chance: float) -> bool:
        """Say yes now and then."""
        return self.dice.random() < chance

    def text(self) -> str:
        """Return an odd text."""
        kind = self.dice.randrange(8)
        if kind == 0:
            return str(UUID(int=self.dice.getrandbits(128)))
        if kind == 1:
            points = (self.dice.randrange(1, 0xD7FF) for _ in range(self.dice.randrange(1, 40)))
            return "".join(map(chr, points))
        return self.dice.choice(TEXTS)

    def like(self, value: str) -> str:
        """Return a value that is nearly the one given."""
        at = self.dice.randrange(len(value) + 1)
        ways = (
            lambda: value[:at] + value[at + 1 :],
            lambda: value[:at] + self.dice.choice(TEXTS) + value[at:],
            lambda: value + value,
            value.swapcase,
            lambda: f" {value}\t",
            lambda: value[::-1],
        )
        return self.dice.choice(ways)()

    def deep(self) -> bytes:
        """Return JSON that is nested or wide without end, or is broken."""
        ways = (
            lambda: b"[" * 50_000 + b"]" * 50_000,
            lambda: b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
            lambda: b'{"a": 1, "a": [NaN, Infinity, 1e999]}',
            lambda: json.dumps({self.text(): self.text() for _ in range(50)}).encode(),
            lambda: b'{"a": "\\ud800"}',
            lambda: b"\xff\xfe{",
        )
        return self.dice.choice(ways)()

    def multipart(self, fields: list[tuple[str, str]]) -> tuple[bytes, str]:
        """Return a multipart body with files in it, broken more often than not, and its type."""
        line = b"--frontier"
        parts = [
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode(
                "utf-8", "replace"
            )
            for name, value in fields
        ]
        parts += [self._file() for _ in range(self.dice.randrange(3))]
        body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
        if self.sometimes(0.5):
            at = self.dice.randrange(len(body))
            body = self.dice.choice((body[:at], body[at:], body.replace(b"\r\n", b"\n"), body * 3))
        return body, "multipart/form-data; boundary=frontier"

    def _file(self) -> bytes:
        name = self.dice.choice(("files", "file", "head", self.text()))
        content = self.dice.choice((b"", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n", b"PK\x03\x04", b"x"))
        kind = self.dice.choice(("image/png", "text/html", "x", ""))
        head = f'Content-Disposition: form-data; name="{name}"; filename="{self.text()}"\r\n'
        return f"{head}Content-Type: {kind}\r\n\r\n".encode("utf-8", "replace") + content

    def headers(self) -> dict[str, str]:
        """Return some headers that say odd things."""
        names = self.dice.sample(sorted(HEADERS), self.dice.randrange(1, 4))
        return {name: self.dice.choice(HEADERS[name]) for name in names}

    def pick(self, values: Sequence[Any]) -> Any:
        """Return one of some values."""
        return self.dice.choice(values)
