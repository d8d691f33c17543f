"""What a check must know from outside the files: operators, roles and values of the profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.operator import Operator


@dataclass(frozen=True)
class OperatorFacts:
    """What a diagram may rely on: names and types of inputs and outputs of an operator.

    `records_form` tells a recorder (for `recordWith`) from an operator of a service task.
    """

    name: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    outputs: Mapping[str, str] = field(default_factory=dict)
    output_values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """All values of an output, where the operator names them."""
    repeated: Mapping[str, str] = field(default_factory=dict)
    """The input that an output repeats, unless it is one of its named values."""
    deferred: bool = False
    records_form: bool = False

    @classmethod
    def of(cls, operator: Operator) -> "OperatorFacts":
        """Read the facts from a registered operator."""
        return cls(
            name=operator.name,
            inputs={found.name: found.type for found in operator.inputs},
            required=frozenset(found.name for found in operator.inputs if found.required),
            outputs={found.name: found.type for found in operator.outputs},
            output_values={found.name: found.values for found in operator.outputs if found.values},
            repeated={found.name: found.given for found in operator.outputs if found.given},
            deferred=operator.deferred,
            records_form=operator.kind == "record",
        )


@dataclass(frozen=True)
class CheckContext:
    """The surroundings of a deployment. An empty set of roles or profile values checks none.

    `start_data` names the variables that an episode begins with, by type name (str, int, ...).
    `message_data` names the variables that messages bring, by type name.
    """

    operators: Mapping[str, OperatorFacts] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    profile_values: Mapping[str, str] = field(default_factory=dict)
    start_data: Mapping[str, str] = field(default_factory=dict)
    message_data: Mapping[str, str] = field(default_factory=dict)


def facts_of(operators: Mapping[str, Operator]) -> dict[str, OperatorFacts]:
    """Return the facts of a whole catalogue, for example of `engine.operator.catalogue()`."""
    return {name: OperatorFacts.of(operator) for name, operator in operators.items()}
