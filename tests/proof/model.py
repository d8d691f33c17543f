"""Draws random diagrams of everything the proof follows, with forms, tables and operators."""

import json
import random
from dataclasses import dataclass, field

from engine.check.context import OperatorFacts
from engine.decision import DecisionTable, parse_decision
from engine.form import Form, parse_form
from tests.bpmn.builder import (
    TERMINATE,
    after,
    both,
    boundary,
    call,
    catch,
    chain,
    diagram,
    each,
    either,
    end,
    error,
    escalation,
    events,
    extension,
    flow,
    message,
    process,
    rule,
    script,
    service,
    signal,
    start,
    sub,
    throw,
    user,
    xor,
)
from tests.bpmn.model import HANDLED, Block, Draftsman

ANSWERS = ("0", "1", "2")
SIGNALS = ("signal_a", "signal_b")
TOLD = ("told_a", "told_b")
TABLE = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" '
    'namespace="test"><decision id="{id}" name="{id}"><decisionTable id="t" hitPolicy="FIRST">'
    '<input id="i"><inputExpression id="e" typeRef="string"><text>{reads}</text>'
    '</inputExpression></input><output id="o" name="{gives}" typeRef="string"/>'
    '<rule id="r1"><inputEntry id="a"><text>"1"</text></inputEntry>'
    '<outputEntry id="b"><text>"1"</text></outputEntry></rule>'
    '<rule id="r2"><inputEntry id="c"><text>-</text></inputEntry>'
    '<outputEntry id="f"><text>"2"</text></outputEntry></rule>'
    "</decisionTable></decision></definitions>"
)


@dataclass
class Drawn:
    """A diagram with all that stands behind its steps."""

    content: bytes
    forms: dict[str, Form] = field(default_factory=dict)
    tables: dict[str, DecisionTable] = field(default_factory=dict)
    operators: dict[str, OperatorFacts] = field(default_factory=dict)


@dataclass
class Author(Draftsman):
    """Draws one model of the whole subset."""

    budget: int = 9
    forms: dict[str, Form] = field(default_factory=dict)
    tables: dict[str, DecisionTable] = field(default_factory=dict)
    operators: dict[str, OperatorFacts] = field(default_factory=dict)
    escalations: list[str] = field(default_factory=list)
    amounts: set[str] = field(default_factory=set)

    def drawn(self) -> Drawn:
        block = self.sequence(3, looped=False)
        main = process(
            "main",
            start(),
            *block.parts,
            end(),
            chain("begin", block.entry),
            chain(block.exit, "finish"),
        )
        content = diagram(
            main,
            *self.processes,
            messages=(*self.messages, *TOLD),
            errors=tuple(self.errors),
            signals=SIGNALS,
            escalations=tuple(self.escalations),
        )
        for id_, variables in self.choices.items():
            self.forms[id_] = self.form(id_, variables)
        return Drawn(content, self.forms, self.tables, self.operators)

    def form(self, id_: str, variables: list[str]) -> Form:
        values = [{"label": one, "value": one} for one in ANSWERS]
        fields = [
            {
                "type": "number" if name in self.amounts else "radio",
                "key": name,
                "label": name,
                "id": f"field_{name}",
                "validate": {"required": True},
                "properties": {"class": "process"},
                **({} if name in self.amounts else {"values": values}),
            }
            for name in variables
        ]
        content = {"type": "default", "id": id_, "schemaVersion": 16, "components": fields}
        return parse_form(json.dumps(content).encode(), file=f"{id_}.form")

    def user(self, id_: str, *content: str) -> str:
        named = f'<spiffworkflow:property name="formRef" value="{id_}"/>'
        written = f"<spiffworkflow:properties>{named}</spiffworkflow:properties>"
        return user(id_, extension(written), *content)

    def answered(self, variable: str, number: int) -> str:
        return f'{variable} = "{number}"'

    def block(self, depth: int, *, looped: bool) -> Block:
        self.budget -= 1
        simple = [self.person, self.script, self.waiting, self.each_partner, self.pausing]
        simple += [self.telling, self.hearing, self.working]
        nested = [self.choice, self.loop, self.sub, self.called, self.host, self.race]
        nested += [self.failing, self.parallel, self.some, self.proposed, self.judged, self.decided]
        nested += [self.measured, self.timed, self.hurried, self.escalating, self.stopping]
        nested += [self.breaking, self.each_call, self.throwing_up, self.united, self.indifferent]
        kinds = simple if depth == 0 or self.budget <= 0 else simple + nested + nested
        return self.rng.choice(kinds)(depth - 1, looped)

    def operator(self, *, deferred: bool = False, **outputs: str) -> str:
        name = self.name("test/operator")
        values = {one: (True, False) for one, kind in outputs.items() if kind == "bool"}
        self.operators[name] = OperatorFacts(
            name, outputs=outputs, output_values=values, deferred=deferred
        )
        return name

    # -- simple steps ----------------------------------------------------------------------------

    def pausing(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("pause")
        return Block([catch(id_, after("P1D"))], id_, id_)

    def telling(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("tell")
        kinds = [signal(self.rng.choice(SIGNALS)), message(self.rng.choice(TOLD)), ""]
        return Block([throw(id_, self.rng.choice(kinds))], id_, id_)

    def hearing(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("hear")
        kinds = [signal(self.rng.choice(SIGNALS)), message(self.rng.choice(TOLD))]
        return Block([catch(id_, self.rng.choice(kinds))], id_, id_)

    def working(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("work")
        operator = self.operator(deferred=self.rng.random() < HANDLED, **{f"done_{id_}": "int"})
        return Block([service(id_, operator)], id_, id_)

    def each_partner(self, _depth: int, _looped: bool) -> Block:
        setup, id_ = self.name("partners"), self.name("each")
        sequential = self.rng.random() < HANDLED
        kept = self.rng.random() < HANDLED
        self.choices[id_] = [f"vote_{id_}"]
        results = (f"votes_{id_}", f"vote_{id_}") if kept else (None, None)
        until = f'votes_{id_}.entry_0 = "1"' if kept and self.rng.random() < HANDLED else None
        many = each(setup, f"partner_{id_}", *results, sequential=sequential, until=until)
        parts = [service(setup, self.operator(**{setup: "dict"})), self.user(id_, many)]
        if kept:
            return Block([*parts, chain(setup, id_)], setup, id_)
        # What the last entry answered is read behind it.
        split, merge, way = self.name("split"), self.name("merge"), self.person(0, False)
        parts += [xor(split, merge), xor(merge), *way.parts, chain(setup, id_, split)]
        parts += [flow(split, way.entry, f'vote_{id_} = "1"'), flow(split, merge)]
        return Block([*parts, chain(way.exit, merge)], setup, merge)

    def each_partner_alone(self, _depth: int, _looped: bool) -> Block:
        setup, id_ = self.name("partners"), self.name("each")
        self.choices[id_] = ["vote"]
        many = each(setup, f"partner_{id_}", f"votes_{id_}", "vote")
        parts = [service(setup, self.operator(**{setup: "dict"})), self.user(id_, many)]
        return Block([*parts, chain(setup, id_)], setup, id_)

    # -- choices ---------------------------------------------------------------------------------

    def forked(self, parts: list[str], entry: str, exit_: str, condition: str, depth: int) -> Block:
        """Go two ways behind a step."""
        split, merge = self.name("split"), self.name("merge")
        first, second = (self.sequence(depth, looped=True) for _ in range(2))
        parts = [*parts, xor(split, second.entry), xor(merge), *first.parts, *second.parts]
        parts += [chain(exit_, split), flow(split, first.entry, condition)]
        parts += [flow(split, second.entry), chain(first.exit, merge), chain(second.exit, merge)]
        return Block(parts, entry, merge)

    def proposed(self, depth: int, _looped: bool) -> Block:
        id_ = self.name("propose")
        operator = self.operator(**{f"is_{id_}": "bool"})
        return self.forked([service(id_, operator)], id_, id_, f"is_{id_} = true", depth)

    def judged(self, depth: int, _looped: bool) -> Block:
        id_ = self.name("judge")
        operator = self.operator(deferred=True, **{f"is_{id_}": "bool"})
        return self.forked([service(id_, operator)], id_, id_, f"is_{id_} = true", depth)

    def decided(self, depth: int, _looped: bool) -> Block:
        ask, (variable,) = self.asking(1)
        id_ = self.name("table")
        text = TABLE.format(id=id_, reads=variable, gives=f"advice_{id_}")
        self.tables[id_] = parse_decision(text.encode())
        parts = [self.user(ask), rule(id_, id_), chain(ask, id_)]
        return self.forked(parts, ask, id_, f'advice_{id_} = "1"', depth)

    def measured(self, depth: int, _looped: bool) -> Block:
        ask, (variable,) = self.asking(1)
        self.amounts.add(variable)
        id_ = self.name("double")
        parts = [self.user(ask), script(id_, f"twice_{id_} = {variable} * 2"), chain(ask, id_)]
        return self.forked(parts, ask, id_, f"twice_{id_} > 10", depth)

    def indifferent(self, _depth: int, _looped: bool) -> Block:
        """A choice of which both ways lead to the same step."""
        ask, (variable,) = self.asking(1)
        split, after_ = self.name("split"), self.name("person")
        self.choices[after_] = []
        twin = flow(split, after_, self.answered(variable, 1)).replace('id="', 'id="twin_', 1)
        parts = [self.user(ask), xor(split, after_), self.user(after_), twin]
        return Block([*parts, chain(ask, split, after_)], ask, after_)

    def united(self, depth: int, _looped: bool) -> Block:
        """Branches that write the same variable, read behind the join."""
        split, merge, last = self.name("both"), self.name("join"), self.name("said")
        parts = [both(split), self.rng.choice([both, either])(merge)]
        for value in ANSWERS[:2]:
            person, note = self.person(0, False), self.name("note")
            parts += [
                *person.parts,
                script(note, f'{last} = "{value}"'),
                chain(split, person.entry),
            ]
            parts += [chain(person.exit, note, merge)]
        return self.forked(parts, split, merge, f'{last} = "1"', depth)

    # -- events ----------------------------------------------------------------------------------

    def hosted(self, inner: Block, id_: str, depth: int, definition: str, *, stops: bool) -> Block:
        """Put an event on the border of the last step of a block."""
        if not stops:
            handle, done = self.name("handle"), self.name("handled")
            self.choices[handle] = []
            parts = [*inner.parts, boundary(id_, inner.exit, definition, interrupts=False)]
            parts += [self.user(handle), end(done), chain(id_, handle, done)]
            return Block(parts, inner.entry, inner.exit)
        merge = self.name("merge")
        way = self.sequence(depth, looped=True)
        parts = [*inner.parts, boundary(id_, inner.exit, definition), xor(merge), *way.parts]
        parts += [chain(inner.exit, merge), chain(id_, way.entry), chain(way.exit, merge)]
        return Block(parts, inner.entry, merge)

    def timed(self, depth: int, looped: bool) -> Block:
        kinds = [self.person, self.sub, self.called, self.each_partner_alone]
        inner = self.rng.choice(kinds)(depth, looped)
        definition = self.rng.choice([after("P2D"), signal(self.rng.choice(SIGNALS))])
        stops = self.rng.random() < HANDLED
        return self.hosted(inner, self.name("late"), depth, definition, stops=stops)

    def hurried(self, _depth: int, looped: bool) -> Block:
        """An event gateway with a message, a signal and a timer."""
        gateway, merge = self.name("race"), self.name("merge")
        parts = [events(gateway), xor(merge)]
        name = self.name("event")
        self.messages.append(name)
        for definition in (message(name), signal(self.rng.choice(SIGNALS)), after("P3D")):
            event = self.name("event")
            way = self.sequence(0, looped=looped)
            parts += [catch(event, definition), *way.parts, flow(gateway, event)]
            parts += [chain(event, way.entry), chain(way.exit, merge)]
        return Block(parts, gateway, merge)

    def escalating(self, depth: int, _looped: bool) -> Block:
        id_, code = self.name("sub"), self.name("code")
        self.escalations.append(code)
        begin, finish, up = self.name("begin"), self.name("finish"), self.name("up")
        body = self.sequence(depth, looped=False)
        ending = end(finish, escalation(code)) if self.rng.random() < HANDLED else end(finish)
        content = [start(begin), *body.parts, throw(up, escalation(code)), ending]
        content += [chain(begin, up, body.entry), chain(body.exit, finish)]
        stops = self.rng.random() < HANDLED
        inner = Block([sub(id_, *content)], id_, id_)
        return self.hosted(inner, self.name("heard"), depth, escalation(code), stops=stops)

    def stopping(self, depth: int, _looped: bool) -> Block:
        """A sub-process with two branches, one of which may end all or end by itself."""
        id_, begin, split = self.name("sub"), self.name("begin"), self.name("both")
        ask, (variable,) = self.asking(1)
        choose, dead, good, other = (self.name(kind) for kind in ("split", "dead", "good", "other"))
        body = self.sequence(depth, looped=True)
        content = [start(begin), both(split), self.user(ask), xor(choose, good), *body.parts]
        content += [end(dead, TERMINATE), end(good), end(other), chain(begin, split, ask, choose)]
        content += [flow(choose, dead, self.answered(variable, 1)), flow(choose, good)]
        content += [chain(split, body.entry), chain(body.exit, other)]
        return Block([sub(id_, *content)], id_, id_)

    def breaking(self, depth: int, _looped: bool) -> Block:
        """A service task whose operator may fail."""
        id_, code = self.name("try"), self.name("code")
        self.errors.append(code)
        output = f"is_{id_}"
        deferred = self.rng.random() < HANDLED
        operator = self.operator(deferred=deferred, **{output: "bool"})
        tried = Block([service(id_, operator)], id_, id_)
        definition = error(self.rng.choice([code, None]))
        inner = self.hosted(tried, self.name("broken"), depth, definition, stops=True)
        return self.forked(inner.parts, inner.entry, inner.exit, f"{output} = true", 0)

    def throwing_up(self, depth: int, _looped: bool) -> Block:
        """A called process inside a sub-process; its error is caught around both, or nowhere."""
        called, inside, outside = self.name("process"), self.name("call"), self.name("sub")
        code = self.name("code")
        self.errors.append(code)
        begin, bad = self.name("begin"), self.name("bad")
        body = self.sequence(0, looped=False)
        parts = [start(begin), *body.parts, end(bad, error(code))]
        self.processes.append(
            process(called, *parts, chain(begin, body.entry), chain(body.exit, bad))
        )
        first, last = self.name("begin"), self.name("finish")
        content = [start(first), call(inside, called), end(last), chain(first, inside, last)]
        inner = Block([sub(outside, *content)], outside, outside)
        if self.rng.random() < HANDLED / 3:
            return inner
        definition = error(self.rng.choice([code, None]))
        return self.hosted(inner, self.name("caught"), depth, definition, stops=True)

    def each_call(self, depth: int, _looped: bool) -> Block:
        """A called process or sub-process, one entry after the other."""
        setup, id_ = self.name("partners"), self.name("each")
        many = each(setup, f"partner_{id_}", sequential=True)
        setting = service(setup, self.operator(**{setup: "dict"}))
        if self.rng.random() < HANDLED:
            step = sub(id_, *self.inner(depth), many)
        else:
            called = self.name("process")
            self.processes.append(process(called, *self.inner(depth)))
            step = call(id_, called, many)
        return Block([setting, step, chain(setup, id_)], setup, id_)


def drawn_model(seed: int) -> Drawn:
    """Return the model of `seed`; the same seed always draws the same model."""
    return Author(random.Random(seed)).drawn()
