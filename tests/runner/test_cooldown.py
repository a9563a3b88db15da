import pytest

from runner.service.cooldown import cooldown


@pytest.mark.parametrize(
    ("busy", "rest"), [(0.0, 0.05), (0.01, 0.05), (0.02, 0.08), (0.1, 0.4), (0.4, 1.6), (9.0, 2.0)]
)
def test_the_pause_after_a_read_grows_with_its_duration(busy: float, rest: float) -> None:
    assert cooldown(busy, 0.05) == rest
