import pytest

from models.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("PT5M28S", 328),
        ("P1DT1S", 86401),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        (3, 3),
        (0.5, 0.5),
        ("90", 90),
    ],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "soon", "5 minutes", "P", "PT", True, None, [], -1, "200000d", float("nan"), "9" * 200],
)
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)
