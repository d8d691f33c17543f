"""The two ways to ask who may do a work item give the same answer."""

from sqlalchemy import select

from engine import access, inbox
from engine.models import Account, WorkItem
from tests.engine.desk import Desk
from tests.engine.small import GO_ON


def _compare(desk: Desk) -> int:
    compared = 0
    with desk.application.database.reading() as session:
        accounts = session.scalars(select(Account).order_by(Account.username)).unique().all()
        items = session.scalars(select(WorkItem).where(WorkItem.state == "open")).unique().all()
        for item in items:
            able = {account.username for account in access.able_accounts(session, item)}
            asked = {
                account.username
                for account in accounts
                if access.may(session, account, "work_item:complete", item)
            }
            listed = {
                account.username
                for account in accounts
                if session.scalar(
                    select(WorkItem.id).where(
                        WorkItem.id == item.id, access.visible_work_items(account)
                    )
                )
            }
            assert able == asked == listed
            compared += len(accounts)
    return compared


def test_access_gives_one_answer_however_it_is_asked(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id
    inbox.post_event(desk.application, case, anna, "new_information", "x", key="1")
    assert _compare(desk) > 30
    desk.pass_time(days=9)
    assert _compare(desk) > 30
    desk.do(case, "ask", "head.greta", GO_ON)
    assert _compare(desk) > 30


def test_access_hides_a_case_from_everybody_without_a_part_in_it(desk: Desk) -> None:
    case = desk.open()
    with desk.application.database.reading() as session:
        from engine.models import Case

        row = session.get_one(Case, case)
        accounts = session.scalars(select(Account)).unique().all()
        readers = {a.username for a in accounts if access.may(session, a, "case:read", row)}
    assert readers == {"intake.anna", "intake.bram"}
