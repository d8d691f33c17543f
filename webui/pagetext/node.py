"""The pieces of a template as they matter to a sentence: text, values, tags, and choices."""

import re
from dataclasses import dataclass, field

from markupsafe import escape

from webui.pagetext.token import LITERAL, Token

INLINE = {"a", "abbr", "b", "bdi", "code", "em", "i", "kbd", "small", "span", "strong", "time"}
APART = re.compile(r'class="[^"]*\b(?:status|count|visually-hidden|draft-state)\b')
"""Spans that stand beside a sentence and are no part of it."""
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)(.*?)(/?)>\Z", re.DOTALL)
SAYS = re.compile(r"when\(\)\.\w+\((.+)\)\Z|(.+)\.get\(.*\)\Z", re.DOTALL)
"""Calls that say less than what they are about: `when().day(plan.due_on)`, `names.get(code)`."""
NO_NAMES = {"and", "or", "not", "if", "else", "is", "in", "loop", "value"}
BREAK = re.compile(r"(\s*·\s*)")


@dataclass
class Node:
    """One piece. `raw` is how it stood in the template.

    kinds: text, value (an expression), open and close (tags inside a sentence), choice (an
    `{% if %}`), bound (whatever ends a sentence).
    """

    kind: str
    raw: str = ""
    text: str = ""
    name: str = ""
    branches: list["Branch"] = field(default_factory=list)

    @property
    def words(self) -> bool:
        """Say whether there is something to read."""
        if self.kind == "choice":
            return any(node.words for branch in self.branches for node in branch.nodes)
        return self.kind == "text" and bool(re.search(r"[^\W\d_]{2}", _bare(self.text)))


@dataclass
class Branch:
    """One case of a choice; `condition` is empty for "else", `raw` the statement before it."""

    condition: str
    nodes: list[Node]
    raw: str = ""


def _bare(text: str) -> str:
    return re.sub(r"&#?\w+;", "", text)


def nodes_of(tokens: list[Token]) -> list[Node]:
    """Return the nodes of a template."""
    found, rest = _level(tokens, 0)
    # An {% endif %} of an {% if %} that is not ours to read: a macro's or a block's.
    return found if rest == len(tokens) else [*found, *map(_bound, tokens[rest:])]


def _bound(token: Token) -> Node:
    return Node("bound", token.raw)


def _level(tokens: list[Token], at: int) -> tuple[list[Node], int]:
    found: list[Node] = []
    while at < len(tokens):
        token = tokens[at]
        word = _word(token)
        if word in ("elif", "else", "endif"):
            return found, at
        if word == "if":
            node, at = _choice(tokens, at)
            found.append(node)
            continue
        if word == "for":
            loop, at = _loop(tokens, at)
            found.extend(loop)
            continue
        found.extend(_nodes(token))
        at += 1
    return found, at


def _loop(tokens: list[Token], at: int) -> tuple[list[Node], int]:
    """Read a loop: its `else` belongs to no choice."""
    found = [_bound(tokens[at])]
    at += 1
    while at < len(tokens) and _word(tokens[at]) != "endfor":
        inside, at = _level_of_loop(tokens, at)
        found.extend(inside)
        if at < len(tokens) and _word(tokens[at]) in ("else", "elif", "endif"):
            found.append(_bound(tokens[at]))
            at += 1
    if at < len(tokens):
        found.append(_bound(tokens[at]))
        at += 1
    return found, at


def _level_of_loop(tokens: list[Token], at: int) -> tuple[list[Node], int]:
    found: list[Node] = []
    while at < len(tokens) and _word(tokens[at]) not in ("endfor", "else", "elif", "endif"):
        word = _word(tokens[at])
        if word == "if":
            node, at = _choice(tokens, at)
            found.append(node)
        elif word == "for":
            loop, at = _loop(tokens, at)
            found.extend(loop)
        else:
            found.extend(_nodes(tokens[at]))
            at += 1
    return found, at


def _word(token: Token) -> str:
    if token.kind != "statement":
        return ""
    found = re.match(r"\{%[-+]?\s*(\w+)", token.raw)
    return found[1] if found else ""


def _choice(tokens: list[Token], at: int) -> tuple[Node, int]:
    node = Node("choice")
    while at < len(tokens):
        token = tokens[at]
        word = _word(token)
        if word == "endif":
            node.raw = token.raw
            return node, at + 1
        inner = re.sub(r"^\{%[-+]?\s*(if|elif|else)\s*|\s*[-+]?%\}$", "", token.raw)
        inside, at = _level(tokens, at + 1)
        node.branches.append(Branch(inner if word != "else" else "", inside, token.raw))
    return node, at


def _nodes(token: Token) -> list[Node]:
    if token.kind == "text":
        return _texts(token)
    if token.kind == "expression":
        return [value(token.raw)]
    if token.kind == "tag":
        found = TAG.match(token.raw)
        if found and found[2] in INLINE and not APART.search(token.raw):
            return [Node("close" if found[1] else "open", token.raw, name=found[2])]
    return [_bound(token)]


def _texts(token: Token) -> list[Node]:
    parts = BREAK.split(token.cooked)
    if len(parts) == 1:
        return [Node("text", token.raw, token.cooked)]
    return [
        Node("bound", part) if number % 2 else Node("text", part, part)
        for number, part in enumerate(parts)
        if part
    ]


def value(raw: str) -> Node:
    """Return an expression, or what it chooses between where it chooses between words."""
    return _expression(re.sub(r"^\{\{[-+]?\s*|\s*[-+]?\}\}$", "", raw), raw)


def _expression(source: str, raw: str = "") -> Node:
    source = source.strip()
    raw = raw or "{{ " + source + " }}"
    plain = Node("value", raw, source, _name(source))
    if not LITERAL.search(source):
        return plain
    return _chosen(source, raw) or plain


def _chosen(source: str, raw: str) -> Node | None:
    """Return the choice between words that an expression makes; None where it makes none."""
    if LITERAL.fullmatch(source):
        return Node("text", raw, str(escape(_read(source))))
    test = _split(source, r"\s+if\s+")
    if len(test) > 1:
        first, rest = test[0], source[len(test[0]) :]
        condition, *other = _split(re.sub(r"^\s*if\s+", "", rest), r"\s+else\s+", most=1)
        branches = [Branch(condition, _parts(first))]
        if other:
            branches.append(Branch("", _parts(other[0])))
        node = Node("choice", raw, "inline", branches=branches)
        return node if _chooses_words(node) else None
    test = _split(source, r"\s+or\s+")
    if len(test) == 2 and LITERAL.fullmatch(test[1].strip()):  # noqa: PLR2004
        found = [Branch(test[0], _parts(test[0])), Branch("", _parts(test[1]))]
        node = Node("choice", raw, "inline", branches=found)
        return node if _chooses_words(node) else None
    return None


def _chooses_words(node: Node) -> bool:
    """Say whether a case holds a letter: the "s" of a plural is one."""
    return any(
        _chooses_words(one) if one.kind == "choice" else re.search(r"[^\W\d_]", _bare(one.text))
        for branch in node.branches
        for one in branch.nodes
        if one.kind in ("text", "choice")
    )


def _parts(source: str) -> list[Node]:
    """Return the pieces of an expression that are put together with `~`."""
    source = source.strip()
    while source.startswith("(") and _closing(source) == len(source) - 1:
        source = source[1:-1].strip()
    return [_expression(_unwrapped(part)) for part in _split(source, r"\s*~\s*")]


def _unwrapped(source: str) -> str:
    source = source.strip()
    while source.startswith("(") and _closing(source) == len(source) - 1:
        source = source[1:-1].strip()
    return source


def _closing(source: str) -> int:
    depth, at = 0, 0
    while at < len(source):
        literal = LITERAL.match(source, at)
        if literal:
            at = literal.end()
            continue
        depth += {"(": 1, ")": -1}.get(source[at], 0)
        if depth == 0:
            return at
        at += 1
    return -1


def _split(source: str, pattern: str, most: int = 0) -> list[str]:
    """Split where nothing is open: no bracket, no quotation mark."""
    wanted = re.compile(pattern)
    found: list[str] = []
    depth = at = begin = 0
    while at < len(source):
        literal = LITERAL.match(source, at)
        if literal:
            at = literal.end()
            continue
        mark = wanted.match(source, at) if depth == 0 else None
        if mark and (not most or len(found) < most):
            found.append(source[begin:at])
            at = begin = mark.end()
            continue
        depth += (source[at] in "([{") - (source[at] in ")]}")
        at += 1
    return [*found, source[begin:]]


def _read(literal: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], literal[1:-1])


def _name(source: str) -> str:
    """Return a name for a placeholder: the last word of what is shown."""
    first = _split(source, r"\s*\|\s*")[0]
    said = SAYS.match(first)
    if said:
        return _name(said[1] or said[2])
    bare = re.sub(r"\[[^\]]*\]", "", first)
    while "(" in bare and (less := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = less
    words = re.findall(r"[a-zA-Z_]\w*", LITERAL.sub("", bare or first))
    told = [one for one in words if one not in NO_NAMES] or ["value"]
    return told[-1].strip("_") or "value"
