"""What is handed into a turn and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from engine.models import Organisation, WorkItem


@dataclass(frozen=True)
class Submission:
    """A submitted form inside the turn that records it."""

    work_item: WorkItem
    form_id: str
    values: Mapping[str, Any]
    """All cleaned answers."""
    case_values: Mapping[str, Any]
    """The answers that stay in the case file: everything but class `process`."""
    kept_elsewhere: set[str] = field(default_factory=set)
    """Answers that a recorder put where fewer people read; they are not stored with the form."""

    @property
    def organisation(self) -> Organisation | None:
        """The partner organisation that answered, when the item belongs to one."""
        return self.work_item.organisation


@dataclass
class Outcome:
    """What a turn did, for the caller that shows it."""

    instance_id: UUID
    case_id: UUID
    new_items: list[WorkItem] = field(default_factory=list)
    ended: bool = False
    delivered: set[UUID] = field(default_factory=set)
    """Ids of the inbox messages that were delivered."""
