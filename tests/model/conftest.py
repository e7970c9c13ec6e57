"""A sender for the tests that hold the model against real rows."""

from collections.abc import Iterator

import pytest
from flask import Flask

from mailing.base.settings import Settings
from tests.deliveries.conftest import Sender, a_sender


@pytest.fixture
def sender(app: Flask, settings: Settings) -> Iterator[Sender]:
    with a_sender(settings) as sender:
        yield sender
