"""Writes the sentences of a template as calls of `gettext` and `ngettext`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from webui.pagetext.node import Branch, Node

MOST = 8
"""How many whole sentences one paragraph may become; beyond that, its choices stand apart."""
ENDS = re.compile(r"[.!?:…”]\s*\Z")
BEGINS = re.compile(r"\s*[A-Z“]")
ATTRIBUTE = re.compile(r"\s*[a-z-]+=\"")
"""What a macro writes into a tag."""
ONE = re.compile(r"(.+?)\s*(==|!=)\s*1\Z", re.DOTALL)


@dataclass
class Writer:
    """Writes a template anew; `numbers` gives the names of what attributes are kept under."""

    numbers: Iterator[int] = field(default_factory=count)

    def write(self, nodes: list[Node]) -> str:
        """Return the template's source with its sentences as calls."""
        out: list[str] = []
        run: list[Node] = []
        for node in nodes:
            if _inline(node, run):
                run.append(node)
                continue
            out.append(self._run(run))
            run = []
            out.append(self._apart(node))
        out.append(self._run(run))
        return "".join(out)

    def _apart(self, node: Node) -> str:
        """Write what is no part of a sentence; the cases of a choice each for themselves."""
        if node.kind != "choice":
            return node.raw
        if node.text == "inline":
            return self._choice_of_words(node)
        cases = "".join(branch.raw + self.write(branch.nodes) for branch in node.branches)
        return cases + node.raw

    def _choice_of_words(self, node: Node) -> str:
        return self._sentence([node]) if node.words else node.raw

    def _run(self, run: list[Node]) -> str:
        """Write what may be one sentence, without what stands around it."""
        if not any(node.words for node in run):
            return "".join(self._apart(node) for node in run)
        if ATTRIBUTE.match("".join(node.text for node in _flat(run) if node.kind == "text")):
            return "".join(self._apart(node) for node in run)
        loose = _loose(run)
        if loose is not None:
            return self._run(run[:loose]) + run[loose].raw + self._run(run[loose + 1 :])
        first, last = _core(run)
        before = "".join(self._apart(node) for node in run[:first])
        after = "".join(self._apart(node) for node in run[last:])
        return before + self._inside(run[first:last]) + after

    def _inside(self, run: list[Node]) -> str:
        if run and run[0].kind == "open" and _match(run, 0) == len(run) - 1:
            return run[0].raw + self._run(run[1:-1]) + run[-1].raw
        if len(run) == 1 and run[0].kind == "choice":
            return self._apart(run[0])
        parts = _beside(run)
        if len(parts) > 1:
            return "".join(self._run(part) for part in parts)
        if _variants(run) > MOST:
            return "".join(
                self._apart(part[0]) if part[0].kind == "choice" else self._run(part)
                for part in _between_choices(run)
            )
        return self._sentence(run)

    def _sentence(self, run: list[Node]) -> str:
        lines = sum(node.raw.count("\n") for node in _flat(run))
        begin, end = _blank(run, 0), _blank(run, -1)
        # A comment keeps the lines, so that an error names the line of the template.
        kept = "{#" + "\n" * max(0, lines - begin.count("\n") - end.count("\n")) + "#}"
        return f"{begin}{kept if kept != '{##}' else ''}{self._cases(run)}{end}"

    def _cases(self, run: list[Node]) -> str:
        """Write one whole sentence for each case of each choice."""
        at = _next_choice(run)
        if at is None:
            return self._call(run)
        node = run[at]
        plural = _plural(node)
        alone = sum(one.kind == "choice" for one in run) == 1
        if (
            plural
            and alone
            and not any(one.kind == "choice" for branch in node.branches for one in branch.nodes)
        ):
            return self._plural(run, at, *plural)
        out = []
        for number, branch in enumerate(_complete(node.branches)):
            word = "else" if not branch.condition else "elif" if number else "if"
            said = self._cases([*run[:at], *branch.nodes, *run[at + 1 :]])
            out.append("{% " + f"{word} {branch.condition}".strip() + " %}" + said)
        return "".join(out) + "{% endif %}"

    def _plural(self, run: list[Node], at: int, number: str, one: Branch, many: Branch) -> str:
        cases = [[*run[:at], *branch.nodes, *run[at + 1 :]] for branch in (one, many)]
        names: dict[str, str] = {}
        kept: list[str] = []
        first, second = (self._text(case, names, kept) for case in cases)
        values = "".join(f", {name}={source}" for name, source in names.items())
        forms = f"{_quoted(first)}, {_quoted(second)}"
        return f"{''.join(kept)}{{{{ ngettext({forms}, {number}{values}) }}}}"

    def _call(self, run: list[Node]) -> str:
        if not any(node.words for node in run):
            return "".join(node.text if node.kind == "text" else node.raw for node in run)
        begin = "".join(" " for node in run[:1] if node.kind == "text" and node.text[:1].isspace())
        names: dict[str, str] = {}
        kept: list[str] = []
        text = self._text(run, names, kept)
        values = "".join(f", {name}={source}" for name, source in names.items())
        return f"{begin}{''.join(kept)}{{{{ gettext({_quoted(text)}{values}) }}}}"

    def _text(self, run: list[Node], names: dict[str, str], kept: list[str]) -> str:
        """Return the English of a sentence; values and attributes go into `names`, by name."""
        parts = []
        for node in run:
            if node.kind == "text":
                parts.append(node.text.replace("%", "%%"))
            elif node.kind == "value":
                parts.append(f"%({_named(names, node.name, f'({node.text})')})s")
            elif node.kind == "open":
                parts.append(self._opened(node, names, kept))
            else:
                parts.append(node.raw)
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    def _opened(self, node: Node, names: dict[str, str], kept: list[str]) -> str:
        attributes = node.raw[1 + len(node.name) : -1].strip()
        if not attributes:
            return f"<{node.name}>"
        same = {source: name for name, source in names.items()}
        if attributes in self._kept and self._kept[attributes] in same:
            return f"<{node.name} %({same[self._kept[attributes]]})s>"
        variable = f"_kept{next(self.numbers)}"
        kept.append("{% set " + variable + " %}" + attributes + "{% endset %}")
        self._kept[attributes] = variable
        name = _named(names, {"a": "link"}.get(node.name, node.name), variable)
        return f"<{node.name} %({name})s>"

    _kept: dict[str, str] = field(default_factory=dict)


def _inline(node: Node, run: list[Node]) -> bool:
    if node.kind == "bound":
        return False
    if node.kind != "choice":
        return True
    if node.text == "inline":
        return True
    for branch in node.branches:
        if _loose(branch.nodes) is not None or not all(_inline(one, []) for one in branch.nodes):
            return False
    return not _whole_sentences(node, run)


def _whole_sentences(node: Node, run: list[Node]) -> bool:
    """Say whether each case of a choice is a sentence of its own, after a finished one."""
    said = "".join(one.text for one in run if one.kind == "text").rstrip()
    if any(one.words for one in run) and not ENDS.search(said):
        return False
    for branch in node.branches:
        text = "".join(one.text if one.kind != "value" else "X" for one in _flat(branch.nodes))
        if not (BEGINS.match(text) and ENDS.search(text)):
            return False
    return True


def _flat(nodes: list[Node]) -> list[Node]:
    found = []
    for node in nodes:
        found.append(node)
        for branch in node.branches:
            found.extend(_flat(branch.nodes))
    return found


def _match(run: list[Node], at: int) -> int | None:
    """Return where the tag that is opened at a place is closed."""
    depth = 0
    for number in range(at, len(run)):
        node = run[number]
        if node.kind == "open":
            depth += 1
        elif node.kind == "close":
            depth -= 1
            if depth == 0:
                return number if node.name == run[at].name else None
    return None


def _loose(run: list[Node]) -> int | None:
    """Return the place of a tag whose other half is elsewhere."""
    open_: list[int] = []
    for number, node in enumerate(run):
        if node.kind == "open":
            open_.append(number)
        elif node.kind == "close":
            if not open_:
                return number
            open_.pop()
    return open_[0] if open_ else None


def _beside(run: list[Node]) -> list[list[Node]]:
    """Return the parts of what is no sentence: links and values beside one another."""
    parts: list[list[Node]] = []
    at = 0
    while at < len(run):
        node = run[at]
        if node.kind == "text" and node.text.strip():
            return [run]
        if node.kind == "choice" and not all(_apart(branch.nodes) for branch in node.branches):
            return [run]
        end = (_match(run, at) or at) if node.kind == "open" else at
        parts.append(run[at : end + 1])
        at = end + 1
    return parts or [run]


def _apart(nodes: list[Node]) -> bool:
    """Say whether no word stands outside a tag."""
    return not any(
        (node.kind == "text" and node.text.strip())
        or (node.kind == "choice" and not all(_apart(branch.nodes) for branch in node.branches))
        for node in _outside(nodes)
    )


def _outside(nodes: list[Node]) -> list[Node]:
    found, at = [], 0
    while at < len(nodes):
        end = _match(nodes, at) if nodes[at].kind == "open" else None
        if end is None:
            found.append(nodes[at])
        at = (end if end is not None else at) + 1
    return found


def _core(run: list[Node]) -> tuple[int, int]:
    """Return where the words begin and end, without icons, blanks and links around them."""
    first, last = 0, len(run)
    while first < last:
        node = run[first]
        if node.kind == "text" and not node.text.strip():
            first += 1
        elif node.kind == "open" and not any(
            one.words or one.kind == "value" for one in run[first : (_match(run, first) or first)]
        ):
            first = (_match(run, first) or first) + 1
        else:
            break
    while first < last:
        node = run[last - 1]
        if node.kind == "text" and not node.text.strip():
            last -= 1
        else:
            break
    return first, last


def _blank(run: list[Node], at: int) -> str:
    node = run[at]
    if node.kind != "text" or node.raw.startswith("{"):
        return ""
    found = re.match(r"\s*", node.text) if at == 0 else re.search(r"\s*\Z", node.text)
    return found[0] if found else ""


def _variants(run: list[Node]) -> int:
    total = 1
    for node in run:
        if node.kind == "choice":
            total *= sum(_variants(branch.nodes) for branch in _complete(node.branches))
    return total


def _complete(branches: list[Branch]) -> list[Branch]:
    return branches if not branches[-1].condition else [*branches, Branch("", [])]


def _between_choices(run: list[Node]) -> list[list[Node]]:
    parts: list[list[Node]] = [[]]
    for node in run:
        if node.kind == "choice":
            parts.extend(([node], []))
        else:
            parts[-1].append(node)
    return [part for part in parts if part]


def _next_choice(run: list[Node]) -> int | None:
    """Return the choice to take first; the one between one and many comes last."""
    found = [number for number, node in enumerate(run) if node.kind == "choice"]
    other = [number for number in found if _plural(run[number]) is None]
    return next(iter([*other, *found]), None)


def _plural(node: Node) -> tuple[str, Branch, Branch] | None:
    """Return what is counted, and the cases for one and for many."""
    branches = _complete(node.branches)
    counted = ONE.match(branches[0].condition)
    if counted is None or len(branches) > 2 or re.search(r"\b(and|or|not)\b", counted[1]):  # noqa: PLR2004
        return None
    one, many = branches if counted[2] == "==" else reversed(branches)
    return f"({counted[1]})", one, many


def _named(names: dict[str, str], wanted: str, source: str) -> str:
    """Return the placeholder of a source: the wanted name, with a number where it is taken."""
    for number in range(1, 100):
        name = wanted if number == 1 else f"{wanted}{number}"
        if names.setdefault(name, source) == source:
            return name
    return wanted


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
