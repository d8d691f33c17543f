"""The pages over an application with the shipped processes and the demo people."""

from tests.webui.conftest import site

__all__ = ["site"]
