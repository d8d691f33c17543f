"""Lists known attempts to break out of, or to exhaust, an evaluator."""

# ruff: noqa: RUF001 - letters that look like others are among the attempts

# Python jail classics, walks over special attributes, format strings, and calls of other things.
ESCAPES = r"""
__import__("os").system("id")
__import__('os').system('id')
__builtins__
__builtins__["open"]
__builtins__.open("/etc/passwd")
builtins.open("/etc/passwd")
open("/etc/passwd")
open("/etc/passwd").read()
eval("1+1")
exec("import os")
compile("1", "", "eval")
import os
import os; os.system("id")
from os import system
os.system("id")
subprocess.run(["id"])
sys.modules
sys.exit()
exit()
quit()
breakpoint()
help()
input()
print("a")
globals()
locals()
vars()
dir()
type(1)
object()
id(1)
hash("a")
repr("a")
ascii("a")
chr(65)
ord("a")
bytes(10)
bytearray(10)
memoryview("a")
iter([1])
next([1])
map(f, [1])
zip([1], [2])
range(10)
enumerate([1])
sorted([2, 1])
getattr("a", "upper")
getattr(plan, "__class__")
setattr(plan, "a", 1)
delattr(plan, "a")
hasattr(plan, "a")
isinstance(1, 2)
issubclass(1, 2)
super()
staticmethod(1)
property(1)
callable(1)
lambda: 1
lambda x: x
(lambda: 1)()
[x for x in [1]]
{x for x in [1]}
{x: x for x in [1]}
(x for x in [1])
x := 1
(x := 1)
yield 1
await x
async x
del plan
plan = 1; route
assert false
raise 1
return 1
while true: 1
pass
with open("a") as f: f
try: 1
class A: 1
def f(): 1
global a
nonlocal a
print >> a
"".__class__
"".__class__.__mro__
"".__class__.__mro__[1].__subclasses__()
"".__class__.__base__.__subclasses__()
().__class__.__bases__[0]
[].__class__
[].__class__.__base__.__subclasses__()
{}.__class__
{}.__class__.__init__.__globals__
(1).__class__
1 .__class__
1.0.__class__
true.__class__
null.__class__
route.__class__
route.__class__.__base__
route.upper()
route.format(1)
route.join(["a"])
route.encode("utf-8")
route.__len__()
route.__getattribute__("upper")
route.__dict__
route.__doc__
route.__init__
route.__init__.__globals__
route.__reduce__()
route.__reduce_ex__(2)
route.__format__("")
route.__mod__(1)
route.__add__("a")
plan.__class__
plan.__class__.__mro__
plan.__dict__
plan.keys()
plan.items()
plan.get("version")
plan.pop("version")
plan.clear()
plan.update({a: 1})
plan.__getitem__("version")
plan.__setitem__("version", 9)
plan.__delitem__("version")
plan.__contains__("a")
plan.__iter__()
plan.values
plan.keys
plan.items
plan["version"]
plan["__class__"]
numbers.append(4)
numbers.__class__
numbers.__len__
numbers.sort()
numbers.clear()
numbers.__iadd__([1])
numbers[0:1]
numbers[::2]
numbers[:]
rounds.__class__
rounds.bit_length()
rounds.real
rounds.numerator
rounds.to_bytes(1, "big")
score.as_integer_ratio()
score.hex()
count.__globals__
count.__code__
count.__self__
count.__call__([1])
count.func_globals
count
sum
min
date
today
not
contains.__globals__
today().__class__
today().strftime("%Y")
today().isoformat()
today().max
today().min
today().resolution
today().ctime()
today().today()
now().tzinfo
now().astimezone()
now().tzinfo.__class__
now().timestamp()
now().__class__.__base__
date("2026-01-31").__class__
date("2026-01-31").replace(2027)
date("2026-01-31").__reduce__
duration("P1M").__class__
duration("P1D").total_seconds()
duration("P1D").resolution
duration("P1M").__dataclass_fields__
duration("P1M").__slots__
item
item.__class__
partial
partial.__class__
self
self.__class__
cls
context
context.__class__
scope
budget
budget.left
FUNCTIONS
Evaluation
engine
engine.errors
lark
re
math.pow(2, 3)
math
datetime.datetime.now()
Decimal("1")
ExpressionError
CONTEXT
_
__
___
__name__
__file__
__doc__
__loader__
__spec__
__debug__
Ellipsis
NotImplemented
...
None
True
False
nan
inf
Infinity
NaN
undefined
constructor
constructor.constructor("return this")()
__proto__
plan.__proto__
plan.constructor
plan.constructor.constructor("return process")()
plan.toString()
plan.hasOwnProperty("a")
this
window
globalThis
process.env
require("fs")
Function("return this")()
function() 1
function(a) a
function(a) external {java: {class: "java.lang.Runtime"}}
external
(function(a) a)(1)
{f: function(a) a(a)}.f(1)
f"{route}"
f"{route.__class__}"
"%s" % route
"%10000000000d" % 1
"{0.__class__}".format(route)
"{route.__class__.__init__.__globals__}"
"${route}"
"#{route}"
"{{route}}"
"{{ config }}"
"{{ ''.__class__ }}"
"{% import os %}"
"<script>alert(1)</script>"
"'; DROP TABLE person; --"
`route`
`id`
$(id)
${route}
#{route}
${T(java.lang.Runtime).getRuntime().exec("id")}
T(java.lang.Runtime)
new java.lang.Object()
@java.lang.Runtime
@"java.lang.Runtime"
@"__class__"
@{1}
#!/bin/sh
# comment
// comment
/* comment */ 1
1 # comment
1 // comment
1; 2
1, 2
1 \n 2
route\
\x41
u"a"
b"a"
r"a"
'a'
'''a'''
\"\"\"a\"\"\"
"a" "b"
"a
a"
"\x41"
"\N{BULLET}"
"\101"
"\u{41}"
"\U00000041"
"\u0000"
"\ud800"
"\uD800\uD800"
"\u00zz"
"\
1 if true else 2
true ? 1 : 2
route ?? 1
route?.length
route!
!flag
flag && off
flag || off
flag & off
flag | off
flag ^ off
~rounds
rounds << 2
rounds >> 2
rounds // 2
rounds % 2
rounds @ 2
rounds++
rounds--
rounds += 1
rounds === 3
rounds == 3
rounds <> 3
rounds =< 3
rounds => 3
rounds is 3
rounds is not null
rounds not in numbers
not rounds
rounds instance of number
rounds instance of java.lang.Object
rounds isinstance 1
*numbers
**plan
count(*numbers)
count(**plan)
count(list: numbers)
count(list=numbers)
count numbers
count()
count(1, 2)
count(count)
count(today)
min(count)
get value(plan, "__class__")
get value(plan, 1)
get value(numbers, "append")
get value(route, "upper")
get value(count, "__globals__")
get entries(route)
get entries(numbers)
get entries(count)
is defined(__class__)
is defined(count.__globals__)
string(count)
string(plan)
string(numbers)
string({a: 1})
number("__import__")
number("1_000")
number("0x10")
number("١")
number("1e400")
number("Infinity")
number("nan")
date("__class__")
date("2026-01-31'; --")
date("9999-99-99")
date(0, 0, 0)
date(10000, 1, 1)
date(-1, 1, 1)
date(1.5, 1, 1)
date("0000-01-01")
date and time("2026-01-31T25:00:00")
date and time("2026-01-31T10:00:00[Europe/Amsterdam]")
date and time("2026-01-31T10:00:00@../../etc/passwd")
date and time("2026-01-31T10:00:00+99:99")
time("24:00:00")
time("10:00:60")
time("10:00:00@Europe/../../../etc/passwd")
duration("P")
duration("PT")
duration("P-1D")
duration("R/P1D")
duration("P1.5D")
matches("a", "(a+)+$")
matches(route, "^(([a-z])+.)+[A-Z]([a-z])+$")
replace("a", "(a*)*b", "x")
split("aaaa", "(a|aa)+$")
sort(numbers, function(a, b) a < b)
list replace(numbers, 1, 2)
context put(plan, "a", 1)
context merge([plan, plan])
exp(1000)
log(0)
random number()
invoke("a")
load("a")
url("http://127.0.0.1/")
fetch("http://127.0.0.1/")
http.get("http://127.0.0.1/")
""".strip().splitlines()

# Letters that look like others, spaces that are none, text that runs the other way.
UNICODE = [
    "𝓻𝓸𝓾𝓷𝓭𝓼",
    "ｅｖａｌ(1)",
    "ｃｏｕｎｔ(numbers)",
    "__ｃｌａｓｓ__",
    "route․upper",
    "route。upper",
    "rоunds",
    "rounds\u200b",
    "rounds\u200d= 3",
    "\ufeffrounds",
    "rounds\u00a0= 3",
    "rounds\u2003= 3",
    "rounds\u2028= 3",
    "rounds\x0b= 3",
    "rounds\x00= 3",
    "\u202eroute",
    "route = \u201cschool\u201d",
    "rounds \u2212 1",
    "rounds \uff1d 3",
    "rounds \u2264 3",
    "rounds \u00d7 2",
    "\u0663",
    "\uff13",
    "\u2162",
    "\u00b2",
    "2\u00b2",
    "1\u0661",
    "\u221e",
    "\ud800",
    "a\ud800b",
    '"\ud800"',
    "ſum(numbers)",
    "ﬁeld",
    "ıf flag then 1 else 2",
    "İn",
    "\u0130F true THEN 1",
    "null\u0301",
    "true\u0332",
    "count\u00a0(numbers)",
    "list\u00a0contains(numbers, 1)",
    "list\u3000contains(numbers, 1)",
    "\U0001f600",
    '"\U0001f600"[1]',
    'upper case("\u0390\u03b0\ufb03")',
    'lower case("\u0130\u0130")',
    'string length("\u0301\u0301")',
]


def bombs() -> list[str]:
    """Return expressions that would exhaust time, memory or the stack."""
    nested = [
        mark * size + "1" + closing * size
        for mark, closing in (("(", ")"), ("[", "]"), ("{a:", "}"), ("-", ""), ("not(", ")"))
        for size in (39, 41, 200, 1300, 3900)
    ]
    chains = [
        operator.join(["1"] * size)
        for operator in ("+", "-", "*", "/", "**", " and ", " or ", "=", "<", ",", "..", " in ")
        for size in (41, 301, 900)
    ]
    return [
        *nested,
        *chains,
        *(f"{'if true then ' * n}1{' else 2' * n}" for n in (30, 60, 300)),
        *(f"{'for x in numbers return ' * n}1" for n in (3, 9, 39, 150)),
        *(f"{'some x in numbers satisfies ' * n}x > 9" for n in (3, 9, 39, 120)),
        *(f"numbers{'[item > 0]' * n}" for n in (30, 60, 300)),
        *(f"plan{'.a' * n}" for n in (30, 60, 1900)),
        *("(" * n for n in (1, 41, 4000)),
        *(")" * n for n in (1, 41, 4000)),
        *('"' * n for n in (1, 3, 3999)),
        *("\\" * n for n in (1, 3, 3999)),
        *("!" * n for n in (1, 4000, 4001, 100_000)),
        " " * 4000,
        "a" * 4000,
        "9" * 4000,
        "9" * 300 + "." + "9" * 300,
        "0." + "0" * 3000 + "1",
        "1" + "0" * 308 + ".0 * 10",
        '"' + "a" * 3998 + '"',
        '"' + "\\u0041" * 600 + '"',
        "[" + "1," * 1900 + "1]",
        "{" + ",".join(f"a{n}: {n}" for n in range(400)) + "}",
        "count([" + ",".join(["numbers"] * 450) + "])",
        "9**9**9",
        "9**9**9**9**9",
        "(9**9)**(9**9)",
        "2**1000000",
        "10**308 * 10",
        "-9**9**9",
        "1/3**-400",
        "99999999999999999999999999",
        "9007199254740992 + 1",
        "9007199254740993",
        "1/0",
        "0/0",
        "0**-1",
        "(-1)**0.5",
        "for x in 1..1000000000 return x",
        "for x in 1..1000 return x",
        "for x in 1..1000, y in 1..1000 return x * y",
        "for x in 1..1000, y in 1..1000, z in 1..1000 return 1",
        "for a in 1..100, b in 1..100, c in 1..100, d in 1..100 return 1",
        "for x in for y in 1..1000 return y return for z in 1..1000 return z",
        "some x in 1..1000, y in 1..1000 satisfies x = 0",
        "every x in 1..1000, y in 1..1000 satisfies x > 0",
        "count(for x in 1..999 return numbers)",
        "for x in 1..999 return numbers",
        "for x in 1..999 return for y in 1..999 return numbers",
        "for x in -1000000000..1000000000 return x",
        "for x in 1..0.5 return x",
        "for x in 1.5..3 return x",
        "sum(for x in 1..999 return 9007199254740991)",
        "1..1000000000",
        "[1..1000000000]",
        "rounds in [1..1000000000000]",
        "numbers[1000000000000]",
        "numbers[-1000000000000]",
        "numbers[0.1]",
        'substring("abc", 1000000000000)',
        'substring("abc", 1, 1000000000000)',
        'substring("abc", -1000000000000)',
        "floor(1.5, 1000000000)",
        "round half up(1.5, 400)",
        "round half up(1.5, -400)",
        "modulo(9007199254740991, 0.0000001)",
        'date("9999-12-31") + duration("P1D")',
        'date("9999-12-31") + duration("P999999Y")',
        'date("0001-01-01") - duration("P1M")',
        'date("0001-01-01") - duration("P999999D")',
        'duration("P999999Y")',
        'duration("P9999999D")',
        'duration("PT999999999H")',
        'duration("P99999999999999999999D")',
        'duration("P900Y") + duration("P900Y")',
        'date and time("9999-12-31T23:59:59Z") + duration("PT1S")',
        'date and time("0001-01-01T00:00:00+14:00") = date and time("0001-01-01T00:00:00Z")',
        "string join(for x in 1..999 return route, route)",
        "distinct values(for x in 1..999 return x)",
        "index of(for x in 1..999 return x, 1)",
        *_doublings(),
    ]


def _doublings() -> list[str]:
    """Return contexts whose entries each use the one before twice."""
    found = []
    for start, double in (
        ('"aaaaaaaa"', "{0} + {0}"),
        ("[1, 1]", "[{0}, {0}]"),
        ("[1, 1]", "concatenate({0}, {0})"),
        ("{z: 1}", "{{l: {0}, r: {0}}}"),
        ("2", "{0} * {0}"),
        ("2", "{0} ** {0}"),
        ("[1, 1]", "for x in {0} return {0}"),
        ('"aa"', "string join([{0}, {0}, {0}])"),
        ('duration("P1Y")', "{0} + {0}"),
    ):
        for size in (20, 100):
            entries = [f"a0: {start}"]
            entries += [f"a{n}: {double.format(f'a{n - 1}')}" for n in range(1, size)]
            body = "{" + ", ".join(entries) + "}"
            found += [body, f"{body} = {body}", f"count([{body}])", f"{body}.a{size - 1}"]
    return found
