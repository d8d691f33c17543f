"""The pages over an application with the shipped processes and the demo people."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import has_request_context
from sqlalchemy.orm import Session

from engine.application import Application
from engine.database import Database
from tests.webui.site import Site
from webui.application import create_app

HERE = str(Path(__file__).parents[1])


@pytest.fixture
def site(application: Application) -> Site:
    return Site(application, create_app(application))


@pytest.fixture(autouse=True)
def _waits_in_no_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a request that waits for a connection while it holds one that another may wait for.

    Threat: as many requests at one instant as there are connections, and none is ever served. The
    engine's pool is asked last and once: who reads as a person may ask it, nobody else.
    """
    held: ContextVar[tuple[str, ...]] = ContextVar("held", default=())
    of = {"transaction": "engine", "reading": "engine", "reading_as": "reader"}
    for name, pool in of.items():
        opened = getattr(Database, name)
        monkeypatch.setattr(Database, name, _watched(opened, pool, held))


def _watched(
    opened: Callable[..., AbstractContextManager[Session]],
    pool: str,
    held: ContextVar[tuple[str, ...]],
) -> Callable[..., AbstractContextManager[Session]]:
    @contextmanager
    def noted(*given: Any) -> Iterator[Session]:
        before = held.get()
        assert "engine" not in before, f"A connection of the {pool} is asked for beside {before}."
        held.set((*before, pool))
        try:
            with opened(*given) as session:
                yield session
        finally:
            rest = list(held.get())
            rest.remove(pool)
            held.set(tuple(rest))

    def watched(*given: Any) -> AbstractContextManager[Session]:
        caller = inspect.currentframe()
        asked_by = caller.f_back.f_code.co_filename if caller and caller.f_back else ""
        is_of_a_page = has_request_context() and not asked_by.startswith(HERE)
        return noted(*given) if is_of_a_page else partial(opened, *given)()

    return watched
