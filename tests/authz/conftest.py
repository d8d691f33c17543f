"""The pages over an application with the shipped processes and the demo people, on SQLite.

The many thousand cells compare the policy, which is the same code on both databases; that its
conditions agree on both is shown in tests/engine/test_access.py and test_deputy.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from engine.application import Application
from engine.database import Database
from engine.models import Base
from tests.authz import hall
from tests.authz.hall import Hall
from tests.conftest import not_to_the_disk
from tests.webui.site import Site
from webui.application import create_app


@pytest.fixture
def site(application: Application) -> Site:
    """The pages; refusals do not wait here, where what they answer is compared many times."""
    app = create_app(application)
    app.config["REFUSAL_SECONDS"] = 0
    return Site(application, app)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables, which need not outlive the machine."""
    found = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    event.listen(found.engine, "connect", not_to_the_disk)
    Base.metadata.create_all(found.engine)
    yield found
    found.close()


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """People in every standing and cases of every kind, as many as the pairs need."""
    with hall.opened(tmp_path_factory.mktemp("hall"), full=False) as found:
        yield found
