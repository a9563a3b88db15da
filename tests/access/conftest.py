from collections.abc import AsyncIterator

import pytest

from tests.access.house import House, open_house


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as house:
        yield house
