"""Compares our evaluation with npm's feelin: the same value or our refusal, never another value."""

from typing import Any

import pytest

from tests.expression.generator import CONTEXT, Generator
from tests.expression.support import FEELIN, FORM_FEELIN, Refused, feelin, ours, same

pytestmark = pytest.mark.node

# Written by hand; both sides must give the same value.
SAME = """
1 + 2 * 3
(1 + 2) * 3
10 / 4
10 / 0
0.1 + 0.2
1 - 2 - 3
8 / 4 / 2
2 ** 3
2 ** 3 ** 2
-2 ** 2
2 ** -1
-rounds
--rounds
.5 + 1
1.50
rounds+1
rounds -1
1/3
10 / 3
nothing + 1
1 + nothing
missing * 2
"a" + "b"
"a" + nothing
"Straße" + "\\u00e9"
"tab\\tnew\\nline"
"quote \\" and \\\\"
"\\uD83D\\uDE00"
true
false
null
rounds
missing
plan.version
plan.missing
plan.inner.deep
plan.inner.missing.deeper
missing.deeper
goals.status
goals.weight
goals[1]
goals[1].status
goals[-1].status
goals[9]
goals[0]
numbers[1]
numbers[-1]
numbers[-9]
numbers[1.5]
numbers[item > 1]
numbers[item >= 2 and item < 5]
words[item = "a"]
goals[status = "open"]
goals[status = "open"].weight
goals[weight > 1][1].status
goals[late = null].weight
goals[item.weight > 1].weight
nones[item > 1]
missing[1]
rounds[1]
rounds[2]
1 = 1
1 = 2
1 = 1.0
1 = "1"
1 = null
null = null
nothing = null
missing = null
nothing != null
rounds != null
1 != 2
"a" = "a"
"a" = "A"
"a" != "b"
true = true
true = "true"
[] = []
[] = null
[1] = 1
1 = [1]
[1, 2] = [1, 2]
[1, 2] = [2, 1]
[1, 2] = [1]
[1, [2]] = [1, 2]
[null] = []
{a: 1} = {a: 1}
{a: 1} = {a: 2}
{a: 1} = {b: 1}
{a: 1, b: 2} = {b: 2, a: 1}
{} = {}
plan = plan
1 < 2
2 <= 2
3 > 4
4 >= 4
"a" < "b"
"B" < "a"
"z" > "é"
"a" < "aa"
nothing < 1
1 >= nothing
nothing > nothing
true and true
true and false
true and null
false and null
null and null
true or null
false or null
null or null
true and "text"
false or 3
false and 3
flag and not(off)
rounds > 2 and route = "school" or off
(true or false) and false
true or false and false
not(true)
not(null)
not(rounds = 3)
rounds between 1 and 3
rounds between 4 and 9
rounds between null and 9
nothing between 1 and 2
rounds between 1 and 3 and flag
"b" between "a" and "c"
rounds in [1..3]
rounds in [1..3)
rounds in (3..5]
rounds in ]3..5]
rounds in ]1..3[
rounds in [3..3]
rounds in 3
rounds in (1, 2, 3)
rounds in (1, 2)
rounds in > 2
rounds in (< 2, > 2)
rounds in (= 3)
rounds in (!= 3, 9)
rounds in [1, 2, 3]
rounds in numbers
rounds in []
nothing in (1, 2)
nothing in (null, 2)
nothing in [1..3]
nothing in numbers
rounds in nothing
route in ("school", "police")
route in words
"school" in "school"
rounds in ([1..2], 3)
(rounds in [1..3]) and flag
flag and rounds in [1..3]
rounds in (1, 3) and flag
not(rounds in [1..3])
date("2026-01-15") in [date("2026-01-01")..date("2026-01-31")]
if flag then 1 else 2
if off then 1 else 2
if null then 1 else 2
if rounds > 2 then "many" else "few"
if flag then if off then 1 else 2 else 3
if rounds in [1..2] then "a" else "b"
[1, 2, 3]
[1, "a", null, true]
[[1], [2]]
{a: 1, b: a + 1}
{a: 1}.a
{"a b": 1}
{a: {b: 2}}.a.b
{a: [1, 2]}.a[2]
some x in numbers satisfies x > 4
some x in numbers satisfies x > 9
every x in numbers satisfies x > 0
every x in numbers satisfies x > 1
some x in nones satisfies x > 1
every x in nones satisfies x > 1
some x in missing satisfies x > 1
every x in missing satisfies x > 1
some x in [1, null] satisfies x > 1
every x in [2, null] satisfies x > 1
some x in numbers, y in [5, 6] satisfies x = y
some g in goals satisfies g.status = "reached"
some x in 1..5 satisfies x = 4
every e in get entries(opinions) satisfies e.value = "agree"
for x in numbers return x * 2
for x in 1..4 return x
for x in 4..1 return x
for x in -1..1 return x
for x in [1..3] return x
for x in numbers, y in [1, 2] return x * y
for x in [[1, 2], [3]], y in x return y
for x in missing return x
for x in [] return x
for g in goals return g.status
for x in numbers return if x > 2 then "b" else "a"
count(numbers)
count([])
count(nothing)
count(goals[status = "open"])
min(numbers)
min(3, 1, 2)
min([])
min([1, null])
max(numbers)
max(1, 2.5)
sum(numbers)
sum(1, 2)
sum([])
sum(nothing)
mean(numbers)
mean(1, 2)
mean([])
all([true, true])
all([true, false])
all([true, null])
all([false, null])
all([])
all(true, false)
any([true, null])
any([false, null])
any([false, false])
any([])
list contains(words, "a")
list contains(words, "zz")
list contains(numbers, 2)
list contains([1, null], null)
list contains(nothing, 1)
list contains([true], 1)
append(numbers, 4)
append([1], 2, 3)
append([1], [2])
concatenate([1], [2, 3])
concatenate([1], [], [null])
reverse(numbers)
distinct values([1, 1, 2, "a", "a", null, null, true])
index of([1, 2, 1], 1)
index of([1], 9)
string join(words, ", ")
string join(words)
string join(["a", null, "b"], "-")
contains("school", "oo")
contains("school", "")
contains(nothing, "a")
contains("a", nothing)
starts with("school", "sc")
ends with("school", "ol")
string length("Straße")
string length("")
string length("\\uD83D\\uDE00")
string length(nothing)
upper case("Straße")
lower case("ÄÖÜ")
substring("school", 2)
substring("school", 2, 3)
substring("school", -2)
substring("school", -3, 1)
substring("school", 1, 0)
substring("school", 1, 99)
substring before("a-b", "-")
substring before("a", "-")
substring after("a-b-c", "-")
substring after("a", "-")
substring after("abc", "")
string(1)
string(1.5)
string(0.000001)
string(-0.5)
string(1/3)
string(true)
string("a")
string(null)
string(date("2026-01-31"))
string(duration("P1Y14M"))
string(duration("PT36H"))
string(duration("P0D"))
number("12")
number("-3.5")
number("007")
number(nothing)
abs(-2)
abs(nothing)
abs(duration("-P3M"))
floor(1.5)
floor(-1.5)
floor(1.256, 2)
ceiling(1.2)
ceiling(-1.2)
round half up(2.5, 0)
round half up(-2.5, 0)
round half up(2.345, 2)
round half down(2.5, 0)
round half down(-2.5, 0)
round up(1.1, 0)
round up(-1.1, 0)
round down(1.9, 0)
round down(-1.9, 0)
round up(1.111, 2)
modulo(5, 3)
modulo(-5, 3)
modulo(5, -3)
modulo(5, 0)
modulo(5.5, 2)
get value(opinions, "police")
get value(opinions, "missing")
get value(nothing, "a")
get entries({a: 1, b: 2})
get entries(nothing)
date("2026-01-31")
@"2026-01-31"
date(2026, 1, 31)
date(date and time("2026-01-31T10:00:00"))
date(nothing)
date(due)
date("2026-01-31") = date(2026, 1, 31)
date("2026-01-31") < date("2026-02-01")
date("2026-01-31") + duration("P1M")
date("2024-01-31") + duration("P1M")
date("2024-02-29") + duration("P1Y")
date("2026-03-31") - duration("P1M")
date("2026-01-31") + duration("P1D")
duration("P1D") + date("2026-01-31")
date("2026-03-01") - date("2026-02-01")
date("2026-02-01") - date("2026-03-01")
date("2026-01-31") + nothing
date("2026-01-31").year
date("2026-01-31").month
date("2026-01-31").day
date("2026-01-31").weekday
date and time("2026-01-31T10:30:00")
date and time("2026-01-31T10:30:00Z")
date and time("2026-01-31T10:30:00+02:00")
date and time("2026-01-31T10:30:00").hour
date and time("2026-01-31")
date and time(date("2026-01-31"), time("10:30:00"))
date and time("2026-01-31T10:30:00Z") = date and time("2026-01-31T12:30:00+02:00")
date and time("2026-01-31T10:30:00Z") < date and time("2026-01-31T10:30:01Z")
date and time("2026-01-31T10:30:00") + duration("PT20H")
date and time("2026-01-31T10:30:00Z") + duration("P1M")
date and time("2026-02-01T00:00:00") - date and time("2026-01-31T10:30:00")
time("10:30:00")
time(10, 30, 0)
time("10:30:00") < time("11:00:00")
time("10:30:00").minute
@"10:30:00"
duration("P3M")
duration("P1Y2M")
duration("P14D")
duration("P1DT2H3M4S")
duration("-P1D")
duration("PT0S")
@"P3M"
duration("P3M") = duration("P3M")
duration("P12M") = duration("P1Y")
duration("P1M") < duration("P2M")
duration("PT24H") = duration("P1D")
duration("P1M") + duration("P1Y")
duration("P20D") + duration("P20D")
duration("P1D") - duration("PT30H")
duration("P1Y2M").years
duration("P1Y2M").months
duration("P3DT2H").days
years and months duration(date("2024-01-15"), date("2026-04-15"))
""".strip().splitlines()

# Refused by us on purpose, each for a reason that the message gives (docs/expressions.md).
REFUSED = """
- 3
1 < 2 < 3
1 = 1 = true
1 < "a"
"a" > 1
[1] < 2
true > false
1 != "a"
1 + "a"
true + true
"a" - "b"
"a" * 2
-"a"
[1] + [2]
date("2026-01-31") = "2026-01-31"
date("2026-01-31") < "2026-02-01"
date("2026-01-31") = date and time("2026-01-31T00:00:00")
date("2026-01-31") + 1
date("2026-01-31") + date("2026-01-31")
date("2026-01-31") + duration("PT1H")
date("2026-02-30")
date("31-01-2026")
date("")
duration("P1W")
duration("3 months")
duration("P1M1D")
duration("P1M") = duration("P30D")
duration("P200D") = duration("P201D")
number("x")
number("1e3")
number("")
"\\q"
"\\u00e9a"
"\\uD83D"
if 1 then 2 else 3
if "a" then 2 else 3
rounds in (numbers)
rounds in [1..2] or flag
rounds in numbers and flag
rounds in [5..1]
rounds between 9 and 1
rounds in [null..5]
words[contains(item, "a")]
goals[late]
[true, false][item = false]
[null, 1][item = null]
(1, 2)
1..3
[1..3]
> 3
numbers[> 1]
some x in numbers satisfies x
for x in 1.5..3 return x
for x in -2..0 return x
for x in numbers return partial
partial
count(1)
count(opinions)
min("a", "b")
max([date("2026-01-31")])
list contains([[1]], [1])
substring("school", 0)
substring("school", -9)
string([1])
string({a: 1})
rounds.version
route.length
date("2026-01-31").era
{a: 1, a: 2}
years and months duration(date("2026-01-31"), date("2026-02-28"))
function(a) a
1e3
1.
a b
x instance of number
date(from: "2026-01-31")
unknown(1)
sort([1], function(a, b) a < b)
matches("a", "a")
9 ** 9 ** 9
-1 ** 0.5
0 ** -1
9007199254740993
rounds // a comment
""".strip().splitlines()

CELLS: list[tuple[str, Any]] = [
    ("-", 1),
    ("-", None),
    ("1", 1),
    ("1", 2),
    ("1", "1"),
    ("1, 2, 3", 3),
    ('"a","b"', "b"),
    ('"a", "b"', None),
    ('not("a", "b")', "a"),
    ('not("a", "b")', "c"),
    ('not("a")', None),
    ("not(5)", 5),
    ("not(> 5)", 3),
    ("not([1..3])", 4),
    ("> 3", 4),
    ("> 3", None),
    ("<= 3", 3),
    ("< 2, > 5", 6),
    ("[1..10]", 10),
    ("[1..10)", 10),
    ("]1..10[", 1),
    ("(1..10)", 5),
    ("[1..3], [7..9]", 8),
    ("= 3", 3),
    ("!= 3", 3),
    ("true", True),
    ("true", False),
    ("false", False),
    ("null", None),
    ("null", 1),
    ("null, 1", 1),
    ("-1", -1),
    ("-1, -2", -2),
    ("rounds", 3),
    ("rounds + 1", 4),
    ("> rounds", 4),
    ("words", "a"),
    ("words", "c"),
    ('["a", "b"]', "a"),
    ("? > 2 and ? < 5", 3),
    ("? = 3 or ? = 9", 9),
    ('contains(?, "oo")', "school"),
    ('starts with(?, "x")', "school"),
    ("rounds > 2", 1),
    ("not(rounds > 2)", 1),
    ('"a" + "b"', "ab"),
    ("[rounds..9]", 5),
    ('date("2026-01-31")', "2026-01-31"),
]


def _case(source: str, kind: str = "expression", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "source": source, "context": {**CONTEXT, **more}}


def _differences(cases: list[dict[str, Any]], package: str = FEELIN) -> tuple[list[str], list[str]]:
    """Return the cases with another value than feelin's, and those that we refuse."""
    different, refused = [], []
    for case, theirs in zip(cases, feelin(package, cases), strict=True):
        found = ours(case)
        shown = f"{case['source']} [? = {case['context'].get('?')}]"
        if isinstance(found, Refused):
            refused.append(shown)
        elif "error" in theirs or not _agree(package, case, found, theirs["value"]):
            different.append(f"{shown}: ours {found!r}, feelin {theirs}")
    return different, refused


def _agree(package: str, case: dict[str, Any], found: Any, theirs: Any) -> bool:
    if same(found, theirs):
        return True
    # The copy inside form-js is older: that nothing lies in a range is false there, not unknown.
    return package == FORM_FEELIN and " in " in case["source"] and found is None


def test_expressions_written_by_hand_give_the_value_of_feelin() -> None:
    assert len(SAME) >= 150
    assert _differences([_case(source) for source in SAME]) == ([], [])


def test_cells_written_by_hand_match_as_in_feelin() -> None:
    cases = [_case(source, "tests", **{"?": value}) for source, value in CELLS[:-1]]
    assert _differences(cases) == ([], [])


@pytest.mark.parametrize("source", REFUSED)
def test_expression_is_refused_with_a_sentence(source: str) -> None:
    found = ours(_case(source))
    assert isinstance(found, Refused), found
    assert found.message.endswith(".")


def test_generated_expressions_never_give_another_value_than_feelin() -> None:
    generator = Generator(20_260_101)
    cases = [_case(generator.any()) for _ in range(6000)]
    different, refused = _differences(cases)
    assert different == []
    assert len(refused) < len(cases) // 5


def test_generated_cells_never_match_otherwise_than_in_feelin() -> None:
    generator = Generator(7)
    cells = [generator.unary_tests() for _ in range(3000)]
    cases = [_case(source, "tests", **{"?": value}) for source, value in cells]
    different, refused = _differences(cases)
    assert different == []
    assert len(refused) < len(cases) // 4


def test_form_conditions_hold_on_the_page_as_on_the_server() -> None:
    """Forms are shown with an older copy of feelin, which has no calendar of its own."""
    generator = Generator(11)
    sources = [generator.boolean() for _ in range(6000)]
    calendar = ("date", "duration", '@"')
    cases = [_case(source) for source in sources if not any(word in source for word in calendar)]
    assert len(cases) > 2000
    assert _differences(cases, FORM_FEELIN)[0] == []
