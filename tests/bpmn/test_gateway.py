"""Gateways: null is false, joins in loops are right, and branches lose nothing to each other."""

import itertools

import pytest

from engine.errors import ExpressionError
from tests.bpmn.builder import (
    Run,
    both,
    chain,
    diagram,
    either,
    end,
    flow,
    process,
    script,
    start,
    user,
    xor,
)


def choice(condition: str) -> bytes:
    return diagram(
        process(
            "main",
            start(),
            xor("choose", "second"),
            user("first"),
            user("second"),
            xor("merge"),
            end(),
            chain("begin", "choose"),
            flow("choose", "first", condition),
            flow("choose", "second"),
            chain("first", "merge"),
            chain("second", "merge", "finish"),
        )
    )


@pytest.mark.parametrize(
    ("condition", "owed"),
    [
        ("x > 1", "first"),
        ("x > 5", "second"),
        ("missing > 1", "second"),
        ("missing", "second"),
        ("profile.strict", "first"),
        ("not(profile.strict)", "second"),
    ],
)
def test_condition_that_is_null_counts_as_false(condition: str, owed: str) -> None:
    assert Run(choice(condition), names={"profile": {"strict": True}}, x=2).owed == [owed]


def test_condition_that_is_neither_true_nor_false_names_its_gateway() -> None:
    with pytest.raises(ExpressionError, match="main:choose: the condition `x`"):
        Run(choice("x"), x=2)


def looped() -> bytes:
    return diagram(
        process(
            "main",
            start(),
            xor("merge"),
            both("split"),
            user("left"),
            user("right"),
            both("join"),
            user("review"),
            xor("again", "finish"),
            end(),
            chain("begin", "merge", "split"),
            flow("split", "left"),
            flow("split", "right"),
            chain("left", "join"),
            chain("right", "join", "review", "again"),
            flow("again", "merge", "more"),
            flow("again", "finish"),
        )
    )


def test_parallel_join_in_a_loop_waits_for_both_arms_in_any_order() -> None:
    run = Run(looped(), left=0, right=0)
    orders = itertools.islice(itertools.cycle(["lr", "rl", "rl", "lr", "lr"]), 40)
    for count, order in enumerate(orders, 1):
        for arm in order:
            name = "left" if arm == "l" else "right"
            assert run.owed != ["review"]
            run.complete(name, **{name: count})
        assert run.owed == ["review"]
        seen = run.task("review").data
        assert (seen["left"], seen["right"]) == (count, count)
        run.complete("review", more=True)
    assert run.sizes[-1] <= run.sizes[0] + 40


def test_parallel_join_in_an_automatic_loop_of_one_turn_waits_for_both_arms() -> None:
    content = diagram(
        process(
            "main",
            start(),
            xor("merge"),
            both("split"),
            script("short", "a = a + 1"),
            script("long_1", "b = b + 1"),
            script("long_2", "c = b"),
            both("join"),
            xor("again", "finish"),
            end(),
            chain("begin", "merge", "split"),
            flow("split", "short"),
            flow("split", "long_1"),
            chain("short", "join"),
            chain("long_1", "long_2", "join", "again"),
            flow("again", "merge", "a < 150"),
            flow("again", "finish"),
        )
    )
    run = Run(content, a=0, b=0)
    assert run.completed
    assert run.variables == {"a": 150, "b": 150, "c": 150}


def test_parallel_blocks_in_a_row_do_not_blow_up() -> None:
    blocks = 20
    parts = [start(), end(), user("last"), chain("last", "finish"), chain("begin", "split_0")]
    for number in range(blocks):
        split, join = f"split_{number}", f"join_{number}"
        left, right = f"left_{number}", f"right_{number}"
        parts += [both(split), both(join), script(left, f"l{number} = 1"), user(right)]
        parts += [flow(split, left), flow(split, right), chain(left, join), chain(right, join)]
        parts.append(flow(join, "last" if number == blocks - 1 else f"split_{number + 1}"))
    run = Run(diagram(process("main", *parts)))
    for number in range(blocks):
        run.complete(f"right_{number}")
    assert run.owed == ["last"]
    assert max(run.sizes) < 2_000


def some() -> bytes:
    """The way of `b` has a merge in it, which the library's join does not look through."""
    return diagram(
        process(
            "main",
            start(),
            either("some", "c"),
            user("a"),
            user("b"),
            xor("which", "b2"),
            user("b1"),
            user("b2"),
            xor("merge"),
            user("c"),
            either("united"),
            user("after"),
            end(),
            chain("begin", "some"),
            flow("some", "a", "x"),
            flow("some", "b", "y"),
            flow("some", "c"),
            chain("b", "which"),
            flow("which", "b1", "z"),
            flow("which", "b2"),
            chain("b1", "merge"),
            chain("b2", "merge", "united"),
            chain("a", "united"),
            chain("c", "united", "after", "finish"),
        )
    )


@pytest.mark.parametrize("z", [True, False])
def test_inclusive_join_waits_for_every_way_that_was_taken(z: bool) -> None:
    run = Run(some(), x=True, y=True)
    assert run.owed == ["a", "b"]
    run.complete("a", seen_a=1)
    assert run.owed == ["b"]
    run.complete("b", z=z)
    inner = "b1" if z else "b2"
    assert run.owed == [inner]
    run.complete(inner, seen_b=1)
    assert run.owed == ["after"]
    assert {"seen_a", "seen_b"} <= run.task("after").data.keys()


def test_inclusive_join_opens_for_a_single_way_and_for_the_default() -> None:
    run = Run(some(), x=True, y=False)
    assert run.complete("a").owed == ["after"]
    run = Run(some(), x=None)
    assert run.owed == ["c"]
    assert run.complete("c").owed == ["after"]


def test_automatic_loop_over_the_librarys_depth_limit_is_finished() -> None:
    content = diagram(
        process(
            "main",
            start(),
            xor("merge"),
            script("count", "n = n + 1"),
            xor("again", "finish"),
            end(),
            chain("begin", "merge", "count", "again"),
            flow("again", "merge", "n < 600"),
            flow("again", "finish"),
        )
    )
    run = Run(content, n=0)
    assert run.completed
    assert run.variables == {"n": 600}


def test_way_that_is_tried_first_does_not_depend_on_where_boxes_are_drawn() -> None:
    plain = diagram(
        process(
            "main",
            start(),
            xor("choose", "third"),
            *(user(name) for name in ("first", "second", "third")),
            xor("merge"),
            end(),
            chain("begin", "choose"),
            flow("choose", "first", "x > 1"),
            flow("choose", "second", "x > 0"),
            flow("choose", "third"),
            *(chain(name, "merge") for name in ("first", "second", "third")),
            chain("merge", "finish"),
        )
    )
    for heights in itertools.permutations((100, 200, 300)):
        shapes = "".join(
            f'<di:BPMNShape bpmnElement="{name}">'
            f'<dc:Bounds x="0" y="{height}" width="100" height="80"/></di:BPMNShape>'
            for name, height in zip(("first", "second", "third"), heights, strict=True)
        )
        drawn = plain.replace(
            b"</bpmn:definitions>",
            b'<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
            b'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC">'
            b'<di:BPMNPlane bpmnElement="main">%s</di:BPMNPlane>'
            b"</di:BPMNDiagram></bpmn:definitions>" % shapes.encode(),
        )
        assert drawn != plain
        assert Run(drawn, x=2).owed == ["first"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_inclusive_join_lets_the_later_branch_count_when_a_third_one_ends_elsewhere(
    order: tuple[str, str],
) -> None:
    content = diagram(
        process(
            "main",
            *(start(), both("split"), user("a"), user("b"), user("c"), xor("done", "out")),
            *(either("join"), user("after"), end(), end("out"), chain("begin", "split")),
            *(
                chain("split", "a", "join"),
                chain("split", "b", "join"),
                chain("split", "c", "done"),
            ),
            *(flow("done", "join", "x = 1"), flow("done", "out"), chain("join", "after", "finish")),
        )
    )
    run = Run(content)
    for name in order:
        run.complete(name, said=name)
    run.complete("c", x=0)
    assert run.owed == ["after"]
    assert run.task("after").data["said"] == order[-1]
