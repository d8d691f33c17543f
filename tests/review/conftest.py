"""The fixtures of the engine's and the pages' tests, for what lies between the two."""

from tests.engine.conftest import desk
from tests.webui.conftest import site

__all__ = ["desk", "site"]
