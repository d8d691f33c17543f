"""Compares one step, event or gateway with what it was, attribute by attribute."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.comparison import event, setting
from engine.comparison.change import Change, Sentence, excerpts, named, say, valued
from engine.comparison.phrase import plain, script
from engine.comparison.place import Pair, called, label, lane_name
from engine.drawing import Element, Process
from engine.drawing.role import ROLE_PROPERTY
from engine.drawing.vocabulary import words_for
from engine.language import mark
from engine.language.telling import Part, told

DERIVED: Final = {
    "id": "by which both are found",
    "line": "where it stands in the file",
    "incoming": "the flows say it themselves",
    "outgoing": "the flows say it themselves, and their order with them",
    "lane": "told together with the role",
    "extensions": "their content is told; what is not read is told by engine.comparison.leftover",
}
"""Attributes of the model without a sentence of their own, and why."""


@dataclass(frozen=True)
class Both:
    """An element before and after, each in its process."""

    pair: Pair
    old_process: Process
    new_process: Process
    old: Element
    new: Element

    @cached_property
    def here(self) -> Sentence:
        """Return what the element is called now."""
        return called(self.new, self.new_process)

    def change(self, attribute: str, sentence: Sentence) -> Change:
        """Return a change of meaning of a plain attribute of the model."""
        values = getattr(self.old, attribute), getattr(self.new, attribute)
        return self.pair.change(self.new.id, attribute, values, sentence)

    def instead(self, attribute: str, template: str, before: Part, after: Part) -> Change:
        """Return a change whose sentence has the pieces `here`, `before` and `after`."""
        return self.change(attribute, say(template, here=self.here, before=before, after=after))


def compare_element(both: Both) -> Iterator[Change]:
    """Yield every difference of one element that is on both sides."""
    for attribute, compare in ATTRIBUTES.items():
        if getattr(both.old, attribute) != getattr(both.new, attribute):
            yield from compare(both, attribute)
    if both.old.role == both.new.role:
        yield from _lane(both)


def _name(both: Both, attribute: str) -> Iterator[Change]:
    sentence = say(
        "%(old)s is now called %(new)s.",
        old=called(both.old, both.old_process),
        new=named(both.new.label),
    )
    values = both.old.name, both.new.name
    yield both.pair.change(both.new.id, attribute, values, sentence, weight="wording")


def _kind(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s was a %(before)s and is now a %(after)s."),
        valued(told(words_for(both.old.kind))),
        valued(told(words_for(both.new.kind))),
    )


def _process(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s moves from the diagram %(before)s to %(after)s."),
        named(both.old_process.name or both.old.process),
        named(both.new_process.name or both.new.process),
    )


def _parent(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s moves out of %(before)s into %(after)s."),
        _inside(both.old_process, both.old.parent),
        _inside(both.new_process, both.new.parent),
    )


def _inside(process: Process, parent: str | None) -> Part:
    return named(process.name or process.id) if parent is None else label(process, parent)


def _role(both: Both, attribute: str) -> Iterator[Change]:
    """Tell who is responsible, in the words of the lanes where the lane changed."""
    pair = both.pair
    before, after = pair.old.role(both.old.role or ""), pair.new.role(both.new.role or "")
    if both.old.lane == both.new.lane and not _own_role_changed(both):
        return  # the lane's own role changed, which is told once, with the steps in it
    yield both.instead(
        attribute,
        mark("%(here)s moves from %(before)s to %(after)s."),
        valued(before if both.old.role else told("nobody")),
        valued(after if both.new.role else told("nobody")),
    )


def _own_role_changed(both: Both) -> bool:
    return both.old.properties.get(ROLE_PROPERTY) != both.new.properties.get(ROLE_PROPERTY)


def _lane(both: Both) -> Iterator[Change]:
    before = lane_name(both.old_process, both.old.lane)
    after = lane_name(both.new_process, both.new.lane)
    if (both.old.lane, before) == (both.new.lane, after) or before == after:
        return
    if both.old.lane == both.new.lane:
        return  # the lane was renamed, which is told once
    sentence = say(
        "%(here)s is drawn in the lane %(after)s instead of %(before)s; who does it stays the "
        "same.",
        here=both.here,
        before=valued(before),
        after=valued(after),
    )
    values = both.old.lane, both.new.lane
    yield both.pair.change(both.new.id, "lane", values, sentence, weight="wording")


def _documentation(both: Both, attribute: str) -> Iterator[Change]:
    before, after = excerpts(both.old.documentation, both.new.documentation)
    sentence = say(
        "The explanation of %(here)s is now %(after)s; it was %(before)s.",
        here=both.here,
        before=valued(before),
        after=valued(after),
    )
    values = both.old.documentation, both.new.documentation
    yield both.pair.change(both.new.id, attribute, values, sentence, weight="wording")


def _default_flow(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark(
            "Where no condition of %(here)s applies, it goes on to %(after)s instead of %(before)s."
        ),
        _end(both.old_process, both.old.default_flow),
        _end(both.new_process, both.new.default_flow),
    )


def _end(process: Process, flow: str | None) -> Part:
    found = process.flow_by_id.get(flow or "")
    return valued(flow or told("nowhere")) if found is None else label(process, found.target)


def _operator(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s lets the system do %(after)s instead of %(before)s."),
        valued(both.old.operator or ""),
        valued(both.new.operator or ""),
    )


def _decision(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s looks at the table %(after)s instead of %(before)s."),
        valued(both.old.decision_ref or ""),
        valued(both.new.decision_ref or ""),
    )


def _called(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s runs the diagram %(after)s instead of %(before)s."),
        valued(both.old.called_element or ""),
        valued(both.new.called_element or ""),
    )


def _script(both: Both, attribute: str) -> Iterator[Change]:
    before, after = excerpts(script(both.old.script or ""), script(both.new.script or ""))
    yield both.instead(
        attribute,
        mark("%(here)s calculates %(after)s instead of %(before)s."),
        valued(before),
        valued(after),
    )


def _interrupting(both: Both, attribute: str) -> Iterator[Change]:
    host = label(both.new_process, both.new.attached_to or both.new.parent or both.new.id)
    text = mark("%(here)s now stops %(host)s; before, %(host)s went on beside it.")
    if not both.new.interrupting:
        text = mark("%(here)s no longer stops %(host)s: %(host)s goes on beside it.")
    yield both.change(attribute, say(text, here=both.here, host=host))


def _attached(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s moves from the border of %(before)s to that of %(after)s."),
        label(both.old_process, both.old.attached_to or ""),
        label(both.new_process, both.new.attached_to or ""),
    )


def _switch(now: str, no_longer: str) -> Callable[[Both, str], Iterator[Change]]:
    def compare(both: Both, attribute: str) -> Iterator[Change]:
        template = now if getattr(both.new, attribute) else no_longer
        yield both.change(attribute, say(template, here=both.here))

    return compare


def _message(both: Both, attribute: str) -> Iterator[Change]:
    yield both.instead(
        attribute,
        mark("%(here)s is about the message %(after)s instead of %(before)s."),
        valued(both.old.message),
        valued(both.new.message),
    )


def _repetition(both: Both, attribute: str) -> Iterator[Change]:
    yield from setting.compare_repetition(both.pair, both.here, both.old, both.new, attribute)


def _events(both: Both, attribute: str) -> Iterator[Change]:
    del attribute
    yield from event.compare_events(both.pair, both.here, both.old, both.new)


def _parameters(both: Both, attribute: str) -> Iterator[Change]:
    del attribute
    yield from setting.compare_parameters(both.pair, both.here, both.old, both.new)


def _properties(both: Both, attribute: str) -> Iterator[Change]:
    del attribute
    for change in setting.compare_properties(
        both.pair, both.new.id, both.here, both.old.properties, both.new.properties
    ):
        # Where another role follows from it, that was told.
        if change.aspect != ROLE_PROPERTY or both.old.role == both.new.role:
            yield change


def _foreign(both: Both, attribute: str) -> Iterator[Change]:
    for name in sorted({*both.old.foreign, *both.new.foreign}):
        before, after = both.old.foreign.get(name), both.new.foreign.get(name)
        if before != after:
            sentence = say(
                "%(here)s has the setting %(name)s of another tool, which is never executed: "
                "%(after)s instead of %(before)s.",
                here=both.here,
                name=valued(name),
                before=valued(plain(before)),
                after=valued(plain(after)),
            )
            yield both.pair.change(
                both.new.id, attribute, (before, after), sentence, weight="wording", aspect=name
            )


ATTRIBUTES: Final[dict[str, Callable[[Both, str], Iterator[Change]]]] = {
    "name": _name,
    "kind": _kind,
    "process": _process,
    "parent": _parent,
    "role": _role,
    "properties": _properties,
    "documentation": _documentation,
    "default_flow": _default_flow,
    "operator": _operator,
    "parameters": _parameters,
    "decision_ref": _decision,
    "called_element": _called,
    "script": _script,
    "events": _events,
    "message": _message,
    "attached_to": _attached,
    "interrupting": _interrupting,
    "event_sub_process": _switch(
        mark("%(here)s now begins by itself, by an event."),
        mark("%(here)s no longer begins by itself, by an event."),
    ),
    "for_compensation": _switch(
        mark("%(here)s now serves to put things right afterwards."),
        mark("%(here)s no longer serves to put things right afterwards."),
    ),
    "multi_instance": _repetition,
    "standard_loop": _switch(
        mark("%(here)s now is repeated in a loop."),
        mark("%(here)s no longer is repeated in a loop."),
    ),
    "foreign": _foreign,
}
"""What tells the difference of each attribute of `engine.drawing.Element`."""
