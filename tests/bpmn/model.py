"""Draws random diagrams from the supported subset, block by block, so that all of them can end."""

import random
from dataclasses import dataclass, field
from itertools import pairwise

from tests.bpmn.builder import (
    TERMINATE,
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
    events,
    flow,
    message,
    process,
    script,
    start,
    sub,
    user,
    xor,
)

HANDLED = 0.5


@dataclass
class Model:
    """A drawn diagram and how to play it."""

    content: bytes
    choices: dict[str, list[str]]
    """User task -> variables that the gateway behind it reads."""
    messages: list[str]
    sequential: bool
    """No parallel branches, so that the data must be equal too."""


@dataclass
class Block:
    """A part with one way in and one way out."""

    parts: list[str]
    entry: str
    exit: str


@dataclass
class Draftsman:
    """Draws one model."""

    rng: random.Random
    budget: int = 14
    count: int = 0
    processes: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sequential: bool = True

    def draw(self) -> Model:
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
            main, *self.processes, messages=tuple(self.messages), errors=tuple(self.errors)
        )
        return Model(content, self.choices, self.messages, self.sequential)

    def user(self, id_: str, *content: str) -> str:
        return user(id_, *content)

    def answered(self, variable: str, number: int) -> str:
        """Return the condition that an answer was this one."""
        return f"{variable} = {number}"

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count}"

    def sequence(self, depth: int, *, looped: bool) -> Block:
        blocks = [self.block(depth, looped=looped) for _ in range(self.rng.randint(1, 3))]
        parts = [part for block in blocks for part in block.parts]
        for first, second in pairwise(blocks):
            parts.append(chain(first.exit, second.entry))
        return Block(parts, blocks[0].entry, blocks[-1].exit)

    def block(self, depth: int, *, looped: bool) -> Block:
        self.budget -= 1
        simple = [self.person, self.person, self.script, self.waiting, self.each_partner]
        nested = [self.choice, self.loop, self.sub, self.called, self.host, self.race, self.failing]
        if not looped:
            # In a loop the library's own joins open early.
            nested += [self.parallel, self.some]
        kinds = simple if depth == 0 or self.budget <= 0 else simple + nested
        return self.rng.choice(kinds)(depth - 1, looped)

    def person(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("person")
        self.choices[id_] = []
        return Block([self.user(id_)], id_, id_)

    def script(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("script")
        return Block([script(id_, f"{id_} = 1 + 1\nlast = {self.count}")], id_, id_)

    def waiting(self, _depth: int, _looped: bool) -> Block:
        id_ = self.name("wait")
        self.messages.append(id_)
        return Block([catch(id_, message(id_))], id_, id_)

    def each_partner(self, _depth: int, _looped: bool) -> Block:
        setup, id_ = self.name("partners"), self.name("each")
        self.choices[id_] = ["vote"]
        source = f'{setup} = {{a: "a", b: "b"}}\nvotes_{id_} = {{}}'
        step = self.user(id_, each(setup, f"partner_{id_}", f"votes_{id_}", "vote"))
        return Block([script(setup, source), step, chain(setup, id_)], setup, id_)

    def asking(self, variables: int) -> tuple[str, list[str]]:
        id_ = self.name("ask")
        self.choices[id_] = [f"{id_}_{number}" for number in range(variables)]
        return id_, self.choices[id_]

    def choice(self, depth: int, looped: bool) -> Block:
        ask, (variable,) = self.asking(1)
        split, merge = self.name("split"), self.name("merge")
        first = self.sequence(depth, looped=looped)
        second = self.sequence(depth, looped=looped)
        parts = [self.user(ask), xor(split, second.entry), xor(merge), *first.parts, *second.parts]
        parts += [chain(ask, split), flow(split, first.entry, self.answered(variable, 1))]
        parts += [flow(split, second.entry), chain(first.exit, merge), chain(second.exit, merge)]
        return Block(parts, ask, merge)

    def loop(self, depth: int, _looped: bool) -> Block:
        ask, (variable,) = self.asking(1)
        merge, split, out = self.name("merge"), self.name("again"), self.name("out")
        body = self.sequence(depth, looped=True)
        parts = [xor(merge), *body.parts, self.user(ask), xor(split, out), xor(out)]
        parts += [chain(merge, body.entry), chain(body.exit, ask, split), flow(split, out)]
        parts += [flow(split, merge, self.answered(variable, 1))]
        return Block(parts, merge, out)

    def branches(self, depth: int, merge: str) -> list[Block]:
        self.sequential = False
        count = self.rng.randint(2, 3)
        found = [self.sequence(depth, looped=False) for _ in range(count)]
        return [
            Block([*branch.parts, chain(branch.exit, merge)], branch.entry, branch.exit)
            for branch in found
        ]

    def parallel(self, depth: int, _looped: bool) -> Block:
        split, merge = self.name("both"), self.name("join")
        parts = [both(split), both(merge)]
        for branch in self.branches(depth, merge):
            parts += [*branch.parts, chain(split, branch.entry)]
        return Block(parts, split, merge)

    def some(self, depth: int, _looped: bool) -> Block:
        del depth
        split, merge = self.name("some"), self.name("united")
        # The library's inclusive join follows only the first way into each merge and opens early.
        branches = self.branches(0, merge)
        ask, variables = self.asking(len(branches))
        parts = [self.user(ask), either(split, branches[0].entry), either(merge), chain(ask, split)]
        for number, branch in enumerate(branches):
            condition = self.answered(variables[number], 1) if number else None
            parts += [*branch.parts, flow(split, branch.entry, condition)]
        return Block(parts, ask, merge)

    def inner(self, depth: int, *content: str) -> list[str]:
        begin, finish = self.name("begin"), self.name("finish")
        body = self.sequence(depth, looped=False)
        return [
            start(begin),
            *body.parts,
            end(finish),
            *content,
            chain(begin, body.entry),
            chain(body.exit, finish),
        ]

    def sub(self, depth: int, _looped: bool) -> Block:
        id_ = self.name("sub")
        return Block([sub(id_, *self.inner(depth))], id_, id_)

    def called(self, depth: int, _looped: bool) -> Block:
        id_, called = self.name("call"), self.name("process")
        self.processes.append(process(called, *self.inner(depth)))
        return Block([call(id_, called)], id_, id_)

    def race(self, depth: int, looped: bool) -> Block:
        gateway, merge = self.name("race"), self.name("merge")
        parts = [events(gateway), xor(merge)]
        for _ in range(2):
            event = self.name("event")
            self.messages.append(event)
            way = self.sequence(depth, looped=looped)
            parts += [catch(event, message(event)), *way.parts, flow(gateway, event)]
            parts += [chain(event, way.entry), chain(way.exit, merge)]
        return Block(parts, gateway, merge)

    def host(self, depth: int, looped: bool) -> Block:
        """An activity with an interrupting and perhaps a non-interrupting message."""
        kind = self.rng.choice([self.person, self.sub, self.called, self.each_partner_alone])
        inner = kind(depth, looped)
        host, stop, merge = inner.exit, self.name("stop"), self.name("merge")
        self.messages.append(stop)
        parts = [*inner.parts, boundary(stop, host, message(stop)), xor(merge)]
        parts += [chain(host, merge)]
        way = self.sequence(depth, looped=looped)
        parts += [*way.parts, chain(stop, way.entry), chain(way.exit, merge)]
        if self.rng.random() < HANDLED:
            self.sequential = False
            note, handle, done = self.name("note"), self.name("handle"), self.name("handled")
            self.messages.append(note)
            self.choices[handle] = []
            parts += [boundary(note, host, message(note), interrupts=False)]
            parts += [self.user(handle), end(done), chain(note, handle, done)]
        return Block(parts, inner.entry, merge)

    def each_partner_alone(self, depth: int, looped: bool) -> Block:
        return self.each_partner(depth, looped)

    def failing(self, depth: int, looped: bool) -> Block:
        """A sub-process that ends plainly, with an error, or at once."""
        id_, code = self.name("sub"), self.name("code")
        self.errors.append(code)
        begin, ask, (variable,) = self.name("begin"), *self.asking(1)
        split, good, bad, dead = (self.name(kind) for kind in ("split", "good", "bad", "dead"))
        fails, merge = self.name("fails"), self.name("merge")
        content = [start(begin), self.user(ask), xor(split, good), end(good), end(bad, error(code))]
        content += [end(dead, TERMINATE), chain(begin, ask, split), flow(split, good)]
        content += [
            flow(split, bad, self.answered(variable, 1)),
            flow(split, dead, self.answered(variable, 2)),
        ]
        way = self.sequence(depth, looped=looped)
        parts = [sub(id_, *content), boundary(fails, id_, error(code)), xor(merge), *way.parts]
        parts += [chain(id_, merge), chain(fails, way.entry), chain(way.exit, merge)]
        return Block(parts, id_, merge)


def draw_model(seed: int) -> Model:
    """Return the model of `seed`; the same seed always draws the same model."""
    return Draftsman(random.Random(seed)).draw()
