"""Whether those who decide are kept apart from those who ask (L10)."""

from collections.abc import Iterator

from engine.language.telling import named, told
from engine.proof.matching import steps_of
from engine.proof.net import Net
from engine.proof.rule import Check

NOT_DONE_BY = "notDoneBy"


def mixed(net: Net, check: Check) -> Iterator[tuple[str, str]]:
    """Yield each deciding step that the doer of an asking step may take, with a sentence."""
    deciding = steps_of(net, check.at)
    if not deciding:
        yield "", told("no step is what this rule is about; somebody took it away or renamed it")
    for decides in deciding:
        element = net.nodes[decides].element
        apart = {one.strip() for one in element.properties.get(NOT_DONE_BY, "").split(",")}
        for asks in steps_of(net, check.asked):
            other = net.nodes[asks].element
            if other.kind in {"userTask", "manualTask"} and other.id not in apart:
                yield (
                    element.id,
                    told(
                        "%(step)s may be done by whoever did %(other)s; name %(id)s in %(setting)s",
                        step=named(element.label),
                        other=named(other.label),
                        id=other.id,
                        setting=NOT_DONE_BY,
                    ),
                )
