"""Tables that several tests share."""

import pytest

from hwdesign.sfq.network import measure_tables


@pytest.fixture(scope="session")
def tables():
    return measure_tables(8.0, 0.16, chips=48)
