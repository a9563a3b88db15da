"""P12: time of a user's createExecution while another user, a task or a stranger floods the server; one row per flood.

The yardstick is the same server without the flood. The flood comes from a separate process, with the token of a viewer
(for uploads, an operator). A task that runs all the time shows that no lease was lost. `FLOODS=a,b` selects floods.
"""

import asyncio
import os
from typing import Any

import asyncpg
import httpx
from measuring import CREATE, a_server, clock, percentile, report

from tests.api.servers import Served
from tests.soak.flooding import FLOODS, TASK, flooded, prepared

CREATIONS, ROUNDS = 40, 3
GOAL = "median <= 5x and 250 ms, p99 1 s"
HELD = """id: held
namespace: bench
inputs: [{id: go, type: STRING}]
tasks: [{id: hold, type: shell, run: 'until [ -e $GO ]; do sleep 0.2; done', env: {GO: "{{ inputs.go }}"}}]
"""


async def create(served: Served, count: int = CREATIONS) -> list[float]:
    """Creates executions as another user, one after the other, and returns the seconds of each."""
    took = []
    headers = {"authorization": f"Bearer {served.token}"}
    async with httpx.AsyncClient(verify=False, timeout=60, headers=headers) as http:
        for _ in range(count):
            begin = clock()
            answer = (await http.post(f"{served.url}/graphql", json={"query": CREATE})).json()
            assert "errors" not in answer, answer
            took.append(clock() - begin)
            await asyncio.sleep(0.02)
    return took


async def settle(served: Served) -> None:
    """Waits until the executions that a flood has left behind have ended."""
    left = "select count(*) from executions where ended_at is null"
    connection = await asyncpg.connect(served.database_url)
    while await connection.fetchval(left) > 1:
        await asyncio.sleep(0.2)
    await connection.close()


def measure(served: Served, name: str, token: str, execution: str) -> None:
    idle: list[float] = []
    under: list[float] = []
    ratios: list[float] = []
    for _ in range(ROUNDS):
        before = asyncio.run(create(served))
        with flooded(served, name, token, execution):
            during = asyncio.run(create(served))
        asyncio.run(settle(served))
        idle, under = idle + before, under + during
        ratios.append(percentile(during, 0.5) / percentile(before, 0.5))
    report(
        f"createExecution of another user during {name.replace('_', ' ')}",
        _shown(under),
        f"idle: {_shown(idle)}",
        ratios,
        GOAL,
    )


def _shown(took: list[float]) -> str:
    return f"p50 {percentile(took, 0.5) * 1e3:.0f} ms, p99 {percentile(took, 0.99) * 1e3:.0f} ms"


def main() -> None:
    chosen = [one for one in os.environ.get("FLOODS", "").split(",") if one] or [*FLOODS, TASK]
    with a_server() as served:
        execution, tokens = asyncio.run(prepared(served))
        go = served.data_dir / "go"
        held: dict[str, Any] = asyncio.run(served.client.run(HELD, inputs={"go": str(go)}))
        for name in chosen:
            token = tokens["operator" if name == "uploads" else "viewer"]
            measure(served, name, token, execution)
        go.touch()
        ended = asyncio.run(served.client.until_ended(held["id"]))
        assert ended["state"] == "SUCCESS", ended
        assert len(ended["taskRuns"][0]["attempts"]) == 1, "no lease was lost"


if __name__ == "__main__":
    main()
