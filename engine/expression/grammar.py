"""Holds the grammar of the FEEL subset."""

from typing import Final

from engine.expression.function import FUNCTIONS

KEYWORDS: Final = frozenset(
    (
        "and",
        "or",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "not",
        "function",
        "external",
        "instance",
        "of",
        "true",
        "false",
        "null",
        # The editors' language gives this name to the results so far of a `for`.
        "partial",
    )
)

_SPACED = "|".join(
    r"[ \t\r\n]+".join(name.split())
    for name in sorted(FUNCTIONS, key=len, reverse=True)
    if " " in name
)

GRAMMAR: Final = rf"""
?expression: expr
?unary_tests: MINUS -> wildcard
            | items -> tests

?expr: IF expr THEN expr ELSE expr               -> if_
     | FOR iterations RETURN expr                -> for_
     | (SOME | EVERY) iterations SATISFIES expr  -> quantified
     | disjunction
iterations: iteration ("," iteration)*
iteration: NAME IN sum (".." sum)?

?disjunction: conjunction
            | conjunction (OR conjunction)+      -> or_
?conjunction: comparison
            | comparison (AND comparison)+       -> and_
?comparison: sum
           | sum COMPARE sum                     -> compare
           | sum BETWEEN sum AND sum             -> between
           | sum IN (sum | test)                 -> in_
test: COMPARE sum

?sum: product
    | sum (PLUS | MINUS) product                 -> arithmetic
?product: power
        | product (STAR | SLASH) power           -> arithmetic
?power: unary
      | power POWER unary                        -> arithmetic
?unary: postfix
      | MINUS unary                              -> negation
?postfix: primary
        | postfix "." NAME                       -> path
        | postfix "[" item "]"                   -> filter
?primary: NUMBER                                 -> number
        | STRING                                 -> string
        | AT                                     -> at
        | TRUE                                   -> true
        | FALSE                                  -> false
        | NULL                                   -> null
        | NAME                                   -> name
        | QUESTION                               -> input_value
        | (NAME | SPACED) "(" arguments ")"      -> call
        | NOT "(" items ")"                      -> negated
        | "(" items ")"                          -> group
        | EMPTY_LIST                             -> empty_list
        | "[" arguments "]"                      -> list_of
        | (LSQB | LPAR | RSQB) sum ".." sum (RSQB | RPAR | CLOSING) -> range
        | "{{" "}}"                              -> context
        | "{{" entry ("," entry)* "}}"           -> context
entry: (NAME | STRING) ":" expr
arguments: [expr ("," expr)*]
items: item ("," item)*
?item: expr | test

LSQB: "["
RSQB: "]"
LPAR: "("
RPAR: ")"
IF: /if\b/
THEN: /then\b/
ELSE: /else\b/
FOR: /for\b/
RETURN: /return\b/
SOME: /some\b/
EVERY: /every\b/
SATISFIES: /satisfies\b/
IN: /in\b/
AND: /and\b/
OR: /or\b/
NOT: /not\b/
BETWEEN: /between\b/
TRUE: /true\b/
FALSE: /false\b/
NULL: /null\b/
COMPARE: /<=|>=|!=|=|<|>/
POWER.2: "**"
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
QUESTION: "?"
NUMBER: /[0-9]+(\.[0-9]+)?(?![A-Za-z_0-9])|\.[0-9]+(?![A-Za-z_0-9])/
STRING: /"(\\.|[^"\\])*"/
EMPTY_LIST.3: /\[[ \t\r\n]*\]/
AT: /@"[^"\\]*"/
SPACED.2: /({_SPACED})(?=[ \t\r\n]*\()/
NAME: /(?!({"|".join(sorted(KEYWORDS))})\b)[A-Za-z_][A-Za-z_0-9]*/
// The editors write an open end as `]1..5[`; here `[` cannot begin a filter.
CLOSING.2: /\[(?=[ \t\r\n]*($|,|\)|(and|or|then|else|return|satisfies|in|between)\b))/
%ignore /[ \t\r\n]+/
"""
