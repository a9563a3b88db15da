"""Which failures are the same error: computed in Python and in SQL, with the same result."""

from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.fingerprint import fingerprint
from runner.store.json import dump

PIECES = (
    "0x", "0X1F", "deadbeef", "DEADBEEF", "12345678", "1234567", "7", "٣", "'", '"', "'a b'", '"x', " ", "\n", "\\",
    "is", "İ", "\u017f", "é", "É", "g", "a", "[3]", "part", "#", "😀",
)  # fmt: skip
texts = st.lists(
    st.sampled_from(PIECES) | st.text("0123456789abcdefxgABX'\"\n ", max_size=8), max_size=12
).map("".join)
paths = st.none() | st.sampled_from(["load", "each[3].load", "each[12].in[4].load", "", "a|b"])
LONG = "warehouse 12 refused; " * 400


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(paths, st.sampled_from(["EXIT_CODE", "", "X1"]), texts), min_size=20, max_size=60
    )
)
async def test_sql_equals_python(database_url: str, failures: list[tuple[Any, str, str]]) -> None:
    failures += [("load", "X", LONG), ("load", "X", LONG[:4000]), (None, "X", LONG[:3999])]
    stored = [
        dump({"path": path, "code": code, "message": message}) for path, code, message in failures
    ]
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "select headway_fingerprint(f::jsonb) as found from unnest($1::text[]) with ordinality u (f, n) order by n",
            stored,
        )
    finally:
        await connection.close()
    assert [row["found"] for row in rows] == [fingerprint(*one) for one in failures]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("load", "X", "part 17 is broken"), ("load", "X", "part 4 is broken")),
        (("load", "X", "at 0xdeadbeef"), ("load", "X", "at 0x01")),
        (("load", "X", "run 3f2504e0 ended"), ("load", "X", "run deadbeefcafe ended")),
        (("load", "X", "no file 'a b.csv'"), ("load", "X", "no file 'c'")),
        (("load", "X", "No Space"), ("load", "X", "no space")),
        (("each[3].load", "X", "broken"), ("each[41].load", "X", "broken")),
        (("load", "X", LONG + "a"), ("load", "X", LONG + "b")),
    ],
)  # fmt: skip
def test_values_that_differ_per_run_do_not_distinguish_errors(one: Any, other: Any) -> None:
    assert fingerprint(*one) == fingerprint(*other)


@pytest.mark.parametrize(
    "other",
    [("store", "X", "part 1"), ("load", "Y", "part 1"), ("load", "X", "port 1"), (None, "X", "part 1")],
)  # fmt: skip
def test_another_task_code_or_text_is_another_error(other: Any) -> None:
    assert fingerprint("load", "X", "part 1") != fingerprint(*other)
