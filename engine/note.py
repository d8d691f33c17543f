"""Notes that people add to a case at any time (P70, P98, P103)."""

from uuid import UUID

from sqlalchemy import select

from engine import access, audit
from engine.application import Application
from engine.errors import InputError, NotFoundError
from engine.language import gettext, mark
from engine.models import Account, Case, Episode, Note
from engine.once import id_of

KINDS = mark(
    {
        "note": "A note",
        "promise": "Something that was promised, to whom and by whom",
        "safety": "Something about the safety of the team",
    }
)
LONGEST = 20_000


def add_note(
    application: Application,
    case_id: UUID,
    account_id: UUID,
    kind: str,
    text: str,
    *,
    key: str = "",
) -> None:
    """Add a note; raise NotFoundError where the person may not, InputError for a wrong one.

    The same key again adds none (R16).
    """
    if kind not in KINDS or not text.strip() or len(text) > LONGEST:
        raise InputError(
            gettext("A note has a kind and between 1 and %(longest)s characters.", longest=LONGEST)
        )
    with application.database.transaction() as session:
        # The lock on the case row keeps the audit chain from forking.
        case = session.scalar(select(Case).where(Case.id == case_id).with_for_update(of=Case))
        account = session.get_one(Account, account_id)
        if case is None:
            raise NotFoundError(gettext("This case does not exist, or it is not for you."))
        access.require(session, account, "case:write", case)
        absent = access.acting_for_in(session, account, "case:write", case)
        note_id = id_of(key, account_id, case_id)
        if session.get(Note, note_id) is not None:
            return
        now = application.now(session)
        note = Note(
            id=note_id,
            case_id=case.id,
            episode_id=session.scalar(
                select(Episode.id)
                .where(Episode.case_id == case.id)
                .order_by(Episode.number.desc())
                .limit(1)
            ),
            by_id=account.id,
            for_id=absent.id if absent else None,
            organisation_id=(absent or account).organisation_id,
            at=now,
            kind=kind,
            text=text.strip(),
        )
        session.add(note)
        session.flush()
        audit.record(
            session,
            case,
            at=now,
            actor_id=account.id,
            event="case:note:add",
            subject=note.id,
            **audit.acting_for(absent),
        )
