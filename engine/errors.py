"""The tree of errors. A message is one sentence with the mend, without personal data."""

from datetime import datetime

from engine.language.telling import told


class CasetableError(Exception):
    """Something that the person or program at the edge can be told in one sentence."""


class InputError(CasetableError):
    """What was handed in is wrong; the message says how to mend it."""


class ReleaseError(InputError):
    """A decision that is incomplete; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class XmlError(InputError):
    """A file is not XML that we accept: broken, too large, or with a DOCTYPE or entities."""


class ExpressionError(CasetableError):
    """An expression is outside the FEEL subset, ill-typed, or used up its budget."""


class DecisionError(CasetableError):
    """A decision table is broken, no rule matched, or more rules than its hit policy allows."""


class DiagramError(InputError):
    """A diagram cannot be executed; the message names file, element and mend."""


class StateError(CasetableError):
    """A stored process state is not ours: wrong signature, wrong version, or torn."""


class EngineStoppedError(CasetableError):
    """A turn used up its step budget: the diagram runs in an endless automatic loop."""


class OperatorError(CasetableError):
    """An operator could not do its work. Nothing of the turn is stored; an incident is raised."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class BpmnError(CasetableError):
    """A modelled problem: the diagram catches `code` with an error boundary event."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class NotPermittedError(CasetableError):
    """The person may not do or see this. At the web edge it looks like "does not exist"."""


class NotFoundError(CasetableError):
    """There is no such thing, or not for this person."""


class ConflictError(CasetableError):
    """Somebody else was first; the message says who did what, and when."""


class DraftConflictError(ConflictError):
    """Somebody saved a file of a draft after it was opened here: nothing is overwritten."""

    def __init__(self, by: str, at: datetime) -> None:
        super().__init__(
            told(
                "%(by)s saved this file at %(at)s UTC, after you opened it; load that version, or "
                "keep yours as a copy.",
                by=by,
                at=f"{at:%Y-%m-%d %H:%M}",
            )
        )
        self.by = by
        self.at = at


class EpisodeClosedError(CasetableError):
    """The episode has ended; the case must be reopened first."""


class ClosingRefusedError(CasetableError):
    """The recorded decisions do not allow this episode to be set to closed (L1 to L4)."""


class TooManyAttemptsError(CasetableError):
    """Too many attempts in a short time; the message says when to come back."""


class SettingsError(CasetableError):
    """One or more settings are missing or wrong; the message lists all of them."""


class SeparationError(CasetableError):
    """The same person may not do both steps; the message says which step it was (L10)."""


class MigrationRefusedError(CasetableError):
    """A running case cannot be moved to another drawing; the message says what has no place."""
