"""The pages over an application with the shipped processes and the demo people, on SQLite.

The many thousand cells compare the policy, which is the same code on both databases; that its
conditions agree on both is shown in tests/engine/test_access.py and test_deputy.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.database import Database
from engine.models import Base
from tests.webui.conftest import site

__all__ = ["site"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables."""
    found = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    Base.metadata.create_all(found.engine)
    yield found
    found.close()
