"""The database's clock determines all times."""

from datetime import UTC, datetime, timedelta

from models.ids import new_id
from runner.service.database_clock import DatabaseClock, ahead_of_this_machine


def test_machines_that_keep_time_do_not_change_ids() -> None:
    assert ahead_of_this_machine(datetime.now(UTC)) == 0
    assert ahead_of_this_machine(datetime.now(UTC) + timedelta(seconds=1)) == 0
    assert ahead_of_this_machine(datetime.now(UTC) - timedelta(hours=1)) == -3_600_000


def test_ids_of_another_time_are_in_order() -> None:
    ids = [new_id(3_600_000) for _ in range(1000)]
    assert ids == sorted(ids)
    made = datetime.fromtimestamp((ids[0].int >> 80) / 1000, UTC)
    assert abs(made - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=5)
    assert (ids[0].version, ids[0].variant) == (7, new_id().variant)


def test_a_clock_continues_from_the_given_time() -> None:
    clock = DatabaseClock()
    reported = datetime(2020, 1, 1, tzinfo=UTC)
    clock.set(reported)
    assert reported <= clock.now() < reported + timedelta(seconds=5)
    assert clock.now() <= clock.now()
