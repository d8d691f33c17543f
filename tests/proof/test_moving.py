"""Random cases move to random edits of random models: whoever may move can finish (V4).

What is allowed is decided by the proof; that it can finish and owes what it owed is found out by
playing the moved instance in the engine, saved and read again between all steps.
"""

import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lxml import etree

from engine.bpmn import (
    Instance,
    Program,
    Scope,
    elapse,
    kinds,
    open_elements,
    standing_of,
    transfer,
)
from engine.drawing import parse_drawing
from engine.errors import CasetableError, InputError, MigrationRefusedError
from engine.proof.effect import Effects
from engine.proof.explorer import Beginning, TooLargeError, explore_from
from engine.proof.net import net_of
from engine.proof.player import START_OF_PLAY
from engine.proof.soundness import reached_flaws
from engine.proof.unknown import names_in, unknown_names
from engine.proof.whereabouts import Whereabouts
from engine.running import Reader
from tests.bpmn.builder import ZONE
from tests.goal import Figure
from tests.proof.conformance import Conformance
from tests.proof.edit import BPMN, edits_of
from tests.proof.model import ANSWERS, Drawn, drawn_model

TORTURE = os.environ.get("CASETABLE_TORTURE") == "yes"
MODELS = 1_500 if TORTURE else 30
EDITS, POSITIONS, TRIES = 4, 5, 3
LONGEST = 600
STATES = 3_000


@dataclass
class Away:
    """Answers what a played step asks of the outside."""

    model: Drawn
    rng: random.Random

    def call_operator(self, operator: str, inputs: dict[str, Any]) -> dict[str, Any]:
        del inputs
        return self.outputs(operator)

    def outputs(self, operator: str) -> dict[str, Any]:
        partners = {"entry_0": "first", "entry_1": "second"}
        given = {"dict": partners, "bool": self.rng.random() < 0.5, "int": 1}
        facts = self.model.operators[operator]
        return {name: given[kind] for name, kind in facts.outputs.items()}

    def is_deferred(self, operator: str) -> bool:
        return self.model.operators[operator].deferred

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> dict[str, Any]:
        return self.model.tables[decision_id].evaluate(dict(context))


class Game:
    """Plays one moved instance to its end, whatever the proof says."""

    def __init__(self, program: Program, model: Drawn, rng: random.Random) -> None:
        self._program = program
        self._model = model
        self._rng = rng
        self._now = START_OF_PLAY + timedelta(days=1)

    def ends(self, blob: bytes) -> bool:
        """Say whether the instance ends; False when nothing can be done any more."""
        for _ in range(LONGEST):
            instance = self._loaded(blob)
            instance.advance()
            if instance.completed:
                return True
            if not self._something(instance):
                return False
            instance.advance()
            blob = instance.dump()
        raise AssertionError("the play does not come to an end")

    def _loaded(self, blob: bytes) -> Instance:
        scope = Scope(self._now, ZONE)
        return Instance.load(self._program, blob, Away(self._model, self._rng), scope)

    def _something(self, instance: Instance) -> bool:
        """Do one thing that can be done: mostly a step, at times a timer or a message."""
        deeds: list[Any] = [
            lambda one=task: self._complete(instance, one) for task in instance.user_tasks()
        ]  # type: ignore[misc]
        deeds += [
            lambda one=effect: instance.confirm(  # type: ignore[misc]
                one.token, Away(self._model, self._rng).outputs(one.operator)
            )
            for effect in instance.effects()
        ]
        events: list[Any] = [
            lambda one=timer: elapse(instance, one.token, one.element_id)  # type: ignore[misc]
            for timer in instance.timers()
        ]
        events += [
            lambda one=name: instance.deliver(one, {})  # type: ignore[misc]
            for name in sorted(instance.awaited_messages())
        ]
        offered = deeds if deeds and self._rng.random() < 0.8 else deeds + events
        if not offered:
            return False
        self._rng.choice(offered)()
        return True

    def _complete(self, instance: Instance, task: Any) -> None:
        form = self._model.forms.get(task.element_id)
        answers: dict[str, Any] = {}
        for field in form.fields() if form is not None else ():
            answers[field.key] = self._rng.choice(ANSWERS) if field.type == "radio" else 7
        instance.complete(task.token, answers)


def named(model: Drawn) -> Drawn:
    """Give the definitions of events ids, as an editor does."""
    tree = etree.fromstring(model.content)
    for number, one in enumerate(tree.iter(f"{BPMN}timerEventDefinition")):
        one.set("id", f"timer_{number}")
    for number, one in enumerate(tree.iter(f"{BPMN}messageEventDefinition")):
        one.set("id", f"hears_{number}")
    return replace(model, content=etree.tostring(tree))


def programs_of(content: bytes, model: Drawn) -> tuple[Program, Conformance] | None:
    """Return the program of a drawing with its search; None where it is refused."""
    try:
        program = Program.compile({"main.bpmn": content}, "main", key="test")
        drawing = parse_drawing(content, file="main.bpmn")
        net = net_of({process.id: process for process in drawing.processes}, "main")
    except CasetableError:
        return None
    effects = Effects(model.forms, model.tables, model.operators, {})
    return program, Conformance(net, program, effects)


def may_go_on(conformance: Conformance, moved: Instance) -> bool:
    """Say whether the proof finds nothing from where an instance stands."""
    semantics = conformance.semantics
    try:
        state = Whereabouts(semantics).of(moved)
        graph = explore_from(semantics, state, STATES)
    except (KeyError, TooLargeError):
        return False
    given = frozenset(names_in(standing_of(moved)))
    unknown = unknown_names(semantics.net, semantics.effects, state, given)
    return not reached_flaws(semantics.net, graph) and next(unknown, None) is None


def places(rng: random.Random, instance: Instance, program: Program) -> dict[Any, str]:
    """Name for each open element that is gone one of the same kind, as an owner might."""
    known, found = kinds(program), {}
    for one in open_elements(instance):
        if known.get((one.process, one.element)) != one.kind:
            others = [
                name
                for (process, name), kind in known.items()
                if process == one.process and kind == one.kind
            ]
            if others:
                found[one.process, one.element] = rng.choice(others)
    return found


def test_case_that_may_move_can_finish_and_owes_what_it_owed(figure: Figure) -> None:
    told: Counter[str] = Counter()
    for seed in range(MODELS):
        rng = random.Random(seed)
        model = named(drawn_model(seed))
        here = programs_of(model.content, model)
        if here is None:
            continue
        here[1].explore([Beginning(None, {})], 30)
        standing = [one for one in here[1].pairs.values() if one.state[0] not in {"end", "flaw"}]
        edits = list(edits_of("main.bpmn", model.content))
        for edit in rng.sample(edits, min(EDITS, len(edits))):
            there = programs_of(edit.content, model)
            if there is None:
                told["refused drawings"] += 1
                continue
            for pair in rng.sample(standing, min(POSITIONS, len(standing))):
                told[_moved(rng, model, pair.position.instance, there)] += 1
    figure("V4", models=MODELS, **{key.replace(" ", "_"): told[key] for key in sorted(told)})
    assert told["moved"] > MODELS
    assert told["not proved"] > 0
    assert told["no place"] > 0


def _moved(
    rng: random.Random, model: Drawn, before: Instance, there: tuple[Program, Conformance]
) -> str:
    program, conformance = there
    scope = Scope(START_OF_PLAY, ZONE)
    chosen = places(rng, before, program)
    try:
        after = transfer(before, program, Reader(), scope, chosen)
    except (MigrationRefusedError, InputError):
        return "no place"
    assert {one.token for one in before.user_tasks()} == {one.token for one in after.user_tasks()}
    assert {one.token for one in before.timers()} <= {one.token for one in after.timers()}
    assert {one.token for one in before.effects()} == {one.token for one in after.effects()}
    if not may_go_on(conformance, after):
        return "not proved"
    for _ in range(TRIES):
        assert Game(program, model, rng).ends(after.dump()), "it was proved, and it is stuck"
    return "moved"
