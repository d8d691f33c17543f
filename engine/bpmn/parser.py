"""Reads diagrams with the library's parser and gives every step its repaired class."""

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs import control, defaults
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.specs import defaults as spiff

from engine.bpmn import subset
from engine.bpmn.step import activity, base, event, gateway, repetition
from engine.errors import DiagramError
from engine.language.telling import located, told

REPAIRED: Final[dict[type, type]] = {
    control.BpmnStartTask: base.Root,
    control.SimpleBpmnTask: base.Plain,
    control._EndJoin: base.EndJoin,  # noqa: SLF001 - the library has no public name for it
    control.BoundaryEventSplit: base.BoundarySplit,
    control.StartEventSplit: base.StartSplit,
    defaults.StartEvent: event.StartEvent,
    defaults.EndEvent: event.EndEvent,
    defaults.IntermediateCatchEvent: event.IntermediateCatchEvent,
    defaults.IntermediateThrowEvent: event.IntermediateThrowEvent,
    defaults.BoundaryEvent: event.BoundaryEvent,
    defaults.ExclusiveGateway: gateway.ExclusiveGateway,
    defaults.ParallelGateway: gateway.ParallelGateway,
    defaults.InclusiveGateway: gateway.InclusiveGateway,
    defaults.EventBasedGateway: gateway.EventBasedGateway,
    spiff.UserTask: activity.UserTask,
    spiff.ManualTask: activity.ManualTask,
    spiff.ScriptTask: activity.ScriptTask,
    spiff.ServiceTask: activity.ServiceTask,
    spiff.BusinessRuleTask: activity.BusinessRuleTask,
    spiff.CallActivity: activity.CallActivity,
    spiff.SubWorkflowTask: activity.SubProcess,
    spiff.StandardLoopTask: repetition.StandardLoop,
    spiff.ParallelMultiInstanceTask: repetition.ParallelMultiInstance,
    spiff.SequentialMultiInstanceTask: repetition.SequentialMultiInstance,
}
_NEVER_RUN: Final = (control.BoundaryEventJoin, control.StartEventJoin)


class Parser(SpiffBpmnParser):  # type: ignore[misc]
    """The library's parser without its decision tables, ad-hoc sub-processes and transactions."""

    OVERRIDE_PARSER_CLASSES: Final = {
        tag: classes
        for tag, classes in SpiffBpmnParser.OVERRIDE_PARSER_CLASSES.items()
        if tag not in {full_tag("transaction"), full_tag("sendTask"), full_tag("receiveTask")}
    }

    def get_document_positions(self, root: Any) -> dict[str, Any]:
        """Return no positions: the library would try the ways out of a gateway from top to bottom.

        Which way is tried first would then depend on where a box was dragged, unlike in the proof.
        """
        del root
        return {}

    def get_engine(self, decision_ref: str, node: Any) -> str:
        """Keep the id of the decision; the port evaluates it."""
        del node
        return decision_ref


def read_specs(roots: Mapping[str, etree._Element], process_id: str) -> tuple[Any, dict[str, Any]]:
    """Return the specification of a process and those it calls; raise DiagramError."""
    parser = Parser()
    try:
        for file, root in roots.items():
            parser.add_bpmn_xml(root, file)
        spec = parser.get_spec(process_id)
        specs = parser.get_subprocess_specs(process_id)
    except ValidationException as error:
        raise DiagramError(
            # What the library says is English; the gate refuses nearly all of it before.
            located(
                f"{error.file_name or process_id}:{error.id or process_id}", f"{error.args[0]}."
            )
        ) from error
    except RecursionError as error:
        raise DiagramError(
            told(
                "%(process)s: the diagram is too long; move a part into a call activity.",
                process=process_id,
            )
        ) from error
    except Exception as error:  # the edge to the library, which also reads coordinates
        raise DiagramError(
            told(
                "%(process)s: the diagram cannot be read (%(kind)s); draw it again or export it "
                "anew.",
                process=process_id,
                kind=type(error).__name__,
            )
        ) from error
    for one in (spec, *specs.values()):
        repair(one)
    return spec, specs


def repair(spec: Any) -> None:
    """Give the steps of a specification the classes of this package."""
    for step in spec.task_specs.values():
        if isinstance(step, _NEVER_RUN):
            continue
        kind = REPAIRED.get(type(step))
        if kind is None:
            raise DiagramError(
                told(
                    "%(place)s: %(kind)s cannot be executed; %(mend)s.",
                    place=f"{spec.name}:{step.bpmn_id}",
                    kind=type(step).__name__,
                    mend=told(subset.REDRAW),
                )
            )
        step.__class__ = kind
