"""Writes random expressions, mostly well-typed, from a seeded generator."""

from random import Random

CONTEXT = {
    "route": "school",
    "rounds": 3,
    "score": 2.5,
    "low": -4,
    "flag": True,
    "off": False,
    "nothing": None,
    "word": "Straße",
    "empty": "",
    "due": "2026-03-31",
    "numbers": [1, 2, 3, 5],
    "words": ["a", "b", "school"],
    "nones": [],
    "one": [7],
    "plan": {"version": 2, "state": "open", "inner": {"deep": True, "list": [1, 2]}},
    "opinions": {"police": "agree", "school": "against"},
    "goals": [
        {"status": "open", "weight": 3, "late": False},
        {"status": "reached", "weight": 1, "late": True},
        {"status": "open", "weight": 2, "late": None},
    ],
}

WORDS = ("a", "b", "school", "Straße", "", "open", "agree", "zz", "10")
DATES = ("2024-02-29", "2026-01-31", "2026-03-31", "2025-12-31", "2026-11-01")
DURATIONS = ("P1M", "P3M", "P1Y", "P14D", "P1D", "-P1M", "P1Y2M")
TIMES = ("P1D", "PT8H", "P2DT3H", "PT90M", "-P3D")


class Generator:
    """Generates expressions of a wanted kind, of bounded depth."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def any(self, depth: int = 3) -> str:
        kinds = (self.boolean, self.number, self.text, self.date, self.list, self.duration)
        weights = (6, 4, 3, 2, 3, 1)
        return self.random.choices(kinds, weights)[0](depth)

    def odd(self, wanted: str, depth: int) -> str:
        """Return now and then something of another kind, or null."""
        if self.random.random() < 0.04:
            return self.pick("null", "nothing", "missing", "plan.missing", self.any(depth - 1))
        return wanted

    def number(self, depth: int = 3) -> str:
        if depth <= 0 or self.random.random() < 0.3:
            return self.odd(
                self.pick(
                    "0",
                    "1",
                    "2",
                    "3",
                    "10",
                    "0.5",
                    "2.5",
                    "-1",
                    "-2.5",
                    "rounds",
                    "score",
                    "low",
                    "plan.version",
                    "100",
                    ".5",
                    "numbers[2]",
                    "goals[1].weight",
                ),
                depth,
            )
        n, d = self.number, depth - 1
        choices = (
            lambda: f"{n(d)} {self.pick('+', '-', '*', '/')} {n(d)}",
            lambda: f"({n(d)}{self.pick('+', '-', '*', '/')}{n(d)})",
            lambda: f"-{n(0)}",
            lambda: f"{self.pick('2', '3', 'rounds', '-2')} ** {self.pick('2', '3', '0', '-1')}",
            lambda: f"{self.pick('count', 'sum', 'min', 'max', 'mean')}({self.numbers(d)})",
            lambda: f"count({self.list(d)})",
            lambda: f"{self.pick('min', 'max', 'sum')}({n(d)}, {n(d)})",
            lambda: f"string length({self.text(d)})",
            lambda: f"{self.pick('floor', 'ceiling', 'abs')}({n(d)})",
            lambda: (
                f"round {self.pick('half up', 'half down', 'up', 'down')}({n(d)}, "
                f"{self.pick('0', '1', '2')})"
            ),
            lambda: f"modulo({n(d)}, {n(d)})",
            lambda: f"if {self.boolean(d)} then {n(d)} else {n(d)}",
            lambda: f"{self.numbers(d)}[{self.pick('1', '2', '-1', '0', '9')}]",
            lambda: f"{self.date(0)}.{self.pick('year', 'month', 'day', 'weekday')}",
            lambda: f'number("{self.pick("1", "-2.5", "007", "x")}")',
            lambda: f"{{a: {n(d)}, b: a + 1}}.b",
        )
        return self.odd(self.random.choice(choices)(), d)

    def text(self, depth: int = 3) -> str:
        if depth <= 0 or self.random.random() < 0.4:
            literal = self.random.choice(WORDS)
            return self.odd(
                self.pick(
                    f'"{literal}"',
                    f'"{literal}"',
                    "route",
                    "word",
                    "empty",
                    "plan.state",
                    "words[1]",
                    "opinions.police",
                    '"\\u00e9\\n"',
                    '"\\"q\\""',
                ),
                depth,
            )
        t, d = self.text, depth - 1
        choices = (
            lambda: f"{t(d)} + {t(d)}",
            lambda: f"{self.pick('upper case', 'lower case')}({t(d)})",
            lambda: f"substring({t(d)}, {self.pick('1', '2', '-1', '-2', '5')})",
            lambda: f"substring({t(d)}, {self.pick('1', '2')}, {self.pick('0', '1', '3')})",
            lambda: f"substring {self.pick('before', 'after')}({t(d)}, {t(d)})",
            lambda: f"string({self.pick(self.number(d), self.boolean(d), self.date(d), t(d))})",
            lambda: f"if {self.boolean(d)} then {t(d)} else {t(d)}",
            lambda: f"string join(words, {t(0)})",
            lambda: f'get value(opinions, "{self.pick("police", "school", "x")}")',
            lambda: f"string({self.duration(d)})",
        )
        return self.odd(self.random.choice(choices)(), d)

    def date(self, depth: int = 3) -> str:
        literal = self.random.choice(DATES)
        if depth <= 0 or self.random.random() < 0.5:
            return self.pick(
                f'date("{literal}")', f'@"{literal}"', "date(due)", "date(2026, 2, 28)"
            )
        d = depth - 1
        choices = (
            lambda: f"{self.date(d)} {self.pick('+', '-')} {self.duration(d)}",
            lambda: f'date(date and time("{literal}T10:30:00"))',
            lambda: f"if {self.boolean(d)} then {self.date(d)} else {self.date(d)}",
        )
        return self.odd(self.random.choice(choices)(), d)

    def instant(self) -> str:
        literal, zone = self.random.choice(DATES), self.pick("", "Z", "+02:00")
        return f'date and time("{literal}T{self.pick("00:00:00", "10:30:00", "23:59:59")}{zone}")'

    def duration(self, depth: int = 3) -> str:
        literal = self.random.choice((*DURATIONS, *TIMES))
        if depth <= 0 or self.random.random() < 0.6:
            return self.pick(f'duration("{literal}")', f'@"{literal}"')
        d = depth - 1
        choices = (
            lambda: f"{self.duration(d)} {self.pick('+', '-')} {self.duration(d)}",
            lambda: f"{self.date(0)} - {self.date(0)}",
            lambda: f"abs({self.duration(d)})",
            lambda: f"{self.instant()} - {self.instant()}",
        )
        return self.random.choice(choices)()

    def numbers(self, depth: int = 3) -> str:
        if depth <= 0 or self.random.random() < 0.5:
            return self.odd(self.pick("numbers", "nones", "one", "[1, 2]", "[]", "[0.5]"), depth)
        d = depth - 1
        choices = (
            lambda: f"[{', '.join(self.number(d) for _ in range(self.random.randint(1, 3)))}]",
            lambda: f"numbers[item {self.operator()} {self.number(d)}]",
            lambda: f"for x in {self.numbers(d)} return x {self.pick('+', '*')} {self.number(0)}",
            lambda: f"for x in {self.pick('1..3', '3..1', '-2..2')} return x",
            lambda: f"{self.pick('reverse', 'distinct values')}({self.numbers(d)})",
            lambda: f"append({self.numbers(d)}, {self.number(d)})",
            lambda: f"concatenate({self.numbers(d)}, {self.numbers(d)})",
            lambda: f"index of({self.numbers(d)}, {self.number(0)})",
            lambda: "goals.weight",
            lambda: f"goals[weight {self.operator()} {self.number(0)}].weight",
        )
        return self.random.choice(choices)()

    def list(self, depth: int = 3) -> str:
        d = depth - 1
        choices = (
            lambda: self.numbers(d),
            lambda: "words",
            lambda: f"[{', '.join(self.text(d) for _ in range(self.random.randint(0, 3)))}]",
            lambda: f"goals[status = {self.text(0)}]",
            lambda: f"goals[{self.pick('late = true', 'late = null', 'weight > 1')}]",
            lambda: f"words[item {self.operator()} {self.text(0)}]",
            lambda: f"[{self.any(d)}, {self.any(d)}]",
            lambda: "get entries(opinions)",
            lambda: "for g in goals, n in [1, 2] return g.weight * n",
        )
        return self.random.choice(choices)()

    def operator(self) -> str:
        return self.pick("=", "!=", "<", "<=", ">", ">=")

    def boolean(self, depth: int = 3) -> str:
        if depth <= 0 or self.random.random() < 0.1:
            return self.odd(self.pick("true", "false", "flag", "off", "plan.inner.deep"), depth)
        b, d = self.boolean, depth - 1
        choices = (
            lambda: f"{self.number(d)} {self.operator()} {self.number(d)}",
            lambda: f"{self.text(d)} {self.operator()} {self.text(d)}",
            lambda: f"{self.date(d)} {self.operator()} {self.date(d)}",
            lambda: f"{self.instant()} {self.operator()} {self.instant()}",
            lambda: f"{self.duration(0)} {self.operator()} {self.duration(0)}",
            lambda: f"{b(d)} and {b(d)}",
            lambda: f"{b(d)} or {b(d)}",
            lambda: f"({b(d)} or {b(d)}) and {b(d)}",
            lambda: f"not({b(d)})",
            lambda: f"{self.number(d)} between {self.number(d)} and {self.number(d)}",
            lambda: f"{self.number(d)} in {self.range(self.number)}",
            lambda: f"{self.date(0)} in {self.range(self.date)}",
            lambda: f"{self.number(d)} in ({self.test(d)}, {self.test(d)})",
            lambda: f"{self.text(d)} in ({self.text(0)}, {self.text(0)})",
            lambda: f"{self.text(d)} in {self.pick('words', '[]', self.text(0))}",
            lambda: f"{self.any(d)} = {self.pick('null', self.any(d))}",
            lambda: f"{self.any(d)} != null",
            lambda: (
                f"{self.pick('contains', 'starts with', 'ends with')}"
                f"({self.text(d)}, {self.text(d)})"
            ),
            lambda: (
                f"list contains({self.pick('words', 'numbers')}, "
                f"{self.pick(self.text(0), self.number(0), 'null')})"
            ),
            lambda: f"some x in {self.numbers(d)} satisfies x {self.operator()} {self.number(0)}",
            lambda: f"every x in {self.numbers(d)} satisfies x {self.operator()} {self.number(0)}",
            lambda: f"some g in goals satisfies g.status = {self.text(0)}",
            lambda: f"{self.pick('all', 'any')}([{b(d)}, {b(d)}])",
            lambda: f"if {b(d)} then {b(d)} else {b(d)}",
            lambda: f"{self.list(d)} = {self.list(d)}",
            lambda: "{a: 1} = {a: 1}",
        )
        return self.odd(self.random.choice(choices)(), d)

    def range(self, kind: "object") -> str:
        ends = f"{kind(0)}..{kind(0)}"  # type: ignore[operator]
        return self.pick("[", "(", "]") + ends + self.pick("]", ")", "[")

    def test(self, depth: int = 2) -> str:
        return self.pick(
            f"{self.pick('<', '<=', '>', '>=', '=', '!=')} {self.number(0)}",
            self.range(self.number),
            self.number(depth),
        )

    def unary_tests(self) -> tuple[str, object]:
        """Return a cell and the value that it is asked about."""
        if self.random.random() < 0.5:
            tests = [self.test() for _ in range(self.random.randint(1, 3))]
            value: object = self.random.choice([0, 1, 2, 3, 2.5, -1, 10, None])
        else:
            tests = [self.text(1) for _ in range(self.random.randint(1, 3))]
            value = self.random.choice([*WORDS, None])
        if self.random.random() < 0.2:
            tests = [self.pick("true", "false", "null", "-", "? > 1 and ? < 5", "? = null")]
            value = self.random.choice([True, False, None])
            if "?" in tests[0]:
                value = self.random.choice([1, 2, 7, None])
        cell = ", ".join(tests)
        return (f"not({cell})" if self.random.random() < 0.25 and cell != "-" else cell), value
