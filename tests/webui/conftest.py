"""The pages over an application with the shipped processes and the demo people."""

import pytest

from engine.application import Application
from tests.webui.site import Site
from webui.application import create_app


@pytest.fixture
def site(application: Application) -> Site:
    return Site(application, create_app(application))
