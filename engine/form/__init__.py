"""Forms: read from `.form` files, shown by the pages, checked and split by class on the server.

A form is the form-js schema. Own settings stand in a component's `properties`:
    class      process | case | sensitive | source: where the answer may go (required)
    help       the hint above the control
    level      who may see the answer (audience level)
    options    people | organisations | partners | goals | actions: options from the directory
    prefill    a formula for the value that the form starts with, e.g. `=proposed_route`
    earliest   an ISO date or formula: no date before it; latest: no date after it
    minRows    the least number of rows of a list; maxRows: the most (50)
    rowLabel   what one row is called: `goal` gives "Goal 1" and "Add goal"
Formulas begin with `=`; inside a list `this` is the row, `parent` what is around it, `i` positions.
"""

from engine.form.directory import Directory, EmptyDirectory
from engine.form.draft import Draft, fill
from engine.form.encoding import change_rows, decode, encode
from engine.form.finding import Finding, findings
from engine.form.form import Component, Field, FieldClass, Form, Option, Type
from engine.form.message import FieldError
from engine.form.reader import parse_form
from engine.form.submission import Submission, judge, submit
from engine.form.upload import Upload

__all__ = [
    "Component",
    "Directory",
    "Draft",
    "EmptyDirectory",
    "Field",
    "FieldClass",
    "FieldError",
    "Finding",
    "Form",
    "Option",
    "Submission",
    "Type",
    "Upload",
    "change_rows",
    "decode",
    "encode",
    "fill",
    "findings",
    "judge",
    "parse_form",
    "submit",
]
