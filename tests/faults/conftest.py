"""One proving ground for all tests of a process: each brings people and a campaign of its own."""

from collections.abc import Iterator

import pytest

from tests.faults.ground import Ground, laid_out


@pytest.fixture(scope="package")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The ground, with every part in order."""
    with laid_out(tmp_path_factory.mktemp("ground")) as ground:
        yield ground
