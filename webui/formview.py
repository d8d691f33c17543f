"""Prepares forms for the templates: what each control shows, and what a page tells about answers.

What a page with a form gives (templates/form/form.html renders the rest):

    draft = engine.form.fill(form, answers, context=..., directory=..., initial=..., now=..., ...)
    view = form_view(draft, errors=submission.errors)     # errors only after "submit"
    {% from "form/form.html" import render_form %}
    {{ render_form(view, action=url, draft_url=url, csrf=csrf_token(), submit_label="Record ...") }}

Buttons post `action`: "submit", or what `engine.form.change_rows` does ("add-row:goals",
"remove-row:goals:1"): change the decoded answers, then show the form again without errors.

The draft address takes the same form by POST, with the content of <meta name="csrf-token"> as
header X-CSRFToken and `action` "save-draft" or a row action. It keeps `draft.typed` for this
person and answers
    200 {"saved_at": instant in ISO with offset, "fragment": html of render_fields(view)}
    4xx {"message": one sentence for the person}     (draft not kept)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.form import Component, Draft, FieldError, Option, Type
from engine.form.cleaning import MAX_CHARACTERS
from engine.form.form import CHOICE, code_of
from engine.form.state import ROOT, Spot, State
from engine.form.upload import accepted
from webui.answerview import shown_answer, shown_value

MANY_OPTIONS = 8
LONG_TEXT = 5
SHORT_TEXT = 3


@dataclass
class Node:
    """One component as it stands on the page. `id` is that of its first control."""

    type: str
    place: str  # names the element, so that a fresh fragment can be merged
    name: str = ""
    label: str = ""
    hint: str = ""
    required: bool = False
    readonly: bool = False
    value: str = ""
    values: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    rows: list[list["Node"]] = field(default_factory=list)
    row_label: str = ""
    can_add: bool = False
    can_remove: bool = False
    input_type: str = "text"
    input_mode: str = ""
    maxlength: int = 0
    lines: int = LONG_TEXT
    autocomplete: str = "off"
    minimum: str = ""
    maximum: str = ""
    prefix: str = ""
    suffix: str = ""
    accept: str = ""
    multiple: bool = False
    computed: bool = False
    blocks: list["Block"] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return the id of the control that a link to this field leads to."""
        return f"f-{self.name}"

    @property
    def described_by(self) -> str:
        """Return the ids of hint and error, for aria-describedby."""
        parts = [f"{self.id}-hint"] if self.hint else []
        return " ".join([*parts, f"{self.id}-error"] if self.errors else parts)

    @property
    def long(self) -> bool:
        """Say whether the options are so many that they scroll."""
        return len(self.options) > MANY_OPTIONS


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or list of a text component; each line is (text, is strong) parts."""

    kind: str
    lines: list[list[tuple[str, bool]]]


@dataclass(frozen=True)
class FormView:
    """A form ready for the template; `errors` in page order, `summary` with their targets."""

    title: str
    nodes: list[Node]
    errors: list[FieldError]
    has_files: bool


def form_view(draft: Draft, errors: Iterable[FieldError] = (), *, locale: str = "en") -> FormView:
    """Return what the page shows of a form that is being filled in."""
    listed = list(errors)
    builder = _Builder(draft, listed, locale)
    nodes = builder.level(draft.state.form.components, draft.state.data, draft.typed, ROOT)
    return FormView(draft.state.form.title, nodes, listed, builder.has_files)


class _Builder:
    """Builds the nodes of the components that are asked now."""

    def __init__(self, draft: Draft, errors: Sequence[FieldError], locale: str) -> None:
        self._draft = draft
        self._state: State = draft.state
        self._locale = locale
        self.has_files = False
        self._errors: dict[str, list[str]] = {}
        for error in errors:
            self._errors.setdefault(error.path, []).append(error.message)

    def level(
        self,
        components: Sequence[Component],
        values: Mapping[str, Any],
        typed: Mapping[str, Any],
        spot: Spot,
    ) -> list[Node]:
        """Return the nodes of one level of the form."""
        nodes = []
        for component in components:
            if self._state.hidden(component, spot):
                continue
            if component.type is Type.DYNAMICLIST:
                nodes.append(self._list(component, values, typed, spot.of(component)))
            elif component.keyed:
                nodes.append(self._field(component, values, typed, spot))
            else:
                node = self._part(component, spot)
                node.children = self.level(component.components, values, typed, spot)
                # A heading over nothing would make people look for what they missed.
                if node.children or component.type is not Type.GROUP:
                    nodes.append(node)
        return nodes

    def _part(self, component: Component, spot: Spot) -> Node:
        """Return the node of a component without an answer."""
        place = "-".join([*map(str, spot.path), component.place])
        node = Node(component.type.value, f"{component.type.value}:{place}", label=component.label)
        if component.type is Type.TEXT:
            node.blocks = text_blocks(component.text)
        elif component.type is Type.TABLE and component.formula is not None:
            node.computed = True
            rows = self._state.value(component.formula, spot)
            node.headings = [column.label or str(column.value) for column in component.columns]
            node.cells = [
                [self._shown(row.get(column.value)) for column in component.columns]
                for row in (rows if isinstance(rows, list) else [])
                if isinstance(row, dict)
            ]
        return node

    def _list(
        self,
        component: Component,
        values: Mapping[str, Any],
        typed: Mapping[str, Any],
        here: Spot,
    ) -> Node:
        rows = values.get(component.key) or []
        posted = typed.get(component.key)
        posted = posted if isinstance(posted, list) else []
        count = len(rows)
        return Node(
            component.type.value,
            f"list:{here.name}",
            here.name,
            component.label,
            component.hint,
            errors=self._errors.get(here.name, []),
            rows=[
                self.level(
                    component.components,
                    row,
                    posted[number] if number < len(posted) else {},
                    here.row(component, number, row),
                )
                for number, row in enumerate(rows)
            ],
            row_label=component.row_label,
            can_add=not component.fixed_rows and count < component.rules.max_rows,
            can_remove=not component.fixed_rows and count > component.rules.min_rows,
        )

    def _field(
        self,
        component: Component,
        values: Mapping[str, Any],
        typed: Mapping[str, Any],
        spot: Spot,
    ) -> Node:
        here = spot.of(component)
        node = Node(
            component.type.value,
            here.name,
            here.name,
            component.label,
            component.hint,
            required=component.rules.required,
            readonly=component.disabled or self._state.readonly(component, spot),
            errors=self._errors.get(here.name, []),
            prefix=component.prefix,
            suffix=component.suffix,
            multiple=component.multiple,
            computed=component.type is Type.EXPRESSION or component.options_formula is not None,
        )
        value = values.get(component.key)
        # What could not be read is shown again as it was typed, to be mended.
        if here.name in self._draft.problems:
            value = typed.get(component.key)
        self._control(node, component, value, spot)
        if node.readonly:
            node.value = shown_answer(
                component, value, node.options, zone=self._state.moment.zone, locale=self._locale
            )
        return node

    def _control(self, node: Node, component: Component, value: Any, spot: Spot) -> None:
        """Fill in what the control of this type needs."""
        kind = component.type
        if kind in CHOICE:
            node.options = list(self._state.options(component, spot))
            several = value if isinstance(value, list | tuple) else [value]
            node.values = [code_of(item) for item in several if item is not None]
        elif kind is Type.FILEPICKER:
            self.has_files = True
            node.accept = ",".join(accepted(component))
        elif kind is Type.EXPRESSION:
            node.value = self._shown(value)
        elif kind is Type.DATETIME:
            node.input_type = {"time": "time", "datetime": "datetime-local"}.get(
                component.subtype, "date"
            )
            node.value = _local(component, value, self._state.moment.zone)
        else:
            node.value = code_of(value)
            _text_control(node, component)

    def _shown(self, value: Any) -> str:
        return shown_value(value, zone=self._state.moment.zone, locale=self._locale)


def _text_control(node: Node, component: Component) -> None:
    if component.type is Type.NUMBER:
        whole = component.decimal_digits == 0
        node.input_mode = "numeric" if whole else "decimal"
        return
    limit = component.rules.max_length
    most = MAX_CHARACTERS.get(component.type, 0)
    node.maxlength = min(limit, most) if isinstance(limit, int) else most
    node.lines = SHORT_TEXT if isinstance(limit, int) and limit <= MAX_SHORT else LONG_TEXT
    email = component.rules.validation_type == "email"
    node.input_type = "email" if email else "text"
    if component.rules.validation_type == "phone":
        node.input_type = "tel"


MAX_SHORT = 300


def _local(component: Component, value: Any, zone: ZoneInfo) -> str:
    """Return the value of a date or time control: local time for an instant."""
    if not isinstance(value, str):
        return ""
    if component.subtype != "datetime":
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    if instant.tzinfo is None:
        return value
    return instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def text_blocks(text: str) -> list[Block]:
    """Return the small part of Markdown that forms use: headings, lists, paragraphs, **strong**."""
    blocks: list[Block] = []
    for part in text.replace("\r\n", "\n").split("\n\n"):
        for line in filter(None, (line.strip() for line in part.split("\n"))):
            kind, content = _line(line)
            same = blocks and blocks[-1].kind == kind == "list"
            if same:
                blocks[-1].lines.append(_strong(content))
            else:
                blocks.append(Block(kind, [_strong(content)]))
    return blocks


def _line(line: str) -> tuple[str, str]:
    if line.startswith("#"):
        return "heading", line.lstrip("#").strip()
    if line.startswith(("- ", "* ")):
        return "list", line[2:].strip()
    return "paragraph", line


def _strong(line: str) -> list[tuple[str, bool]]:
    parts = line.split("**")
    # An odd number of marks: somebody meant two stars.
    if len(parts) % 2 == 0:
        return [(line, False)]
    return [(part, bool(number % 2)) for number, part in enumerate(parts) if part]
