"""`headway rotate-session-key` replaces the key of this server, or reports that it cannot."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import app

GIVEN = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def rotated(key: Path) -> tuple[int, str, bool]:
    """Returns the exit code, the output, and whether the key has changed."""
    before = key.read_text() if key.exists() else None
    result = CliRunner().invoke(app, ["rotate-session-key"])
    after = key.read_text() if key.exists() else None
    return result.exit_code, result.output, after != before


@pytest.mark.parametrize("place", ["environment", "headway.toml"])
def test_a_key_that_a_setting_holds_is_not_rotated_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """After a false success the server would continue with a key that others know."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path))
    (tmp_path / "session.key").write_text(GIVEN)
    if place == "environment":
        monkeypatch.setenv("HEADWAY_SESSION_KEY", GIVEN)
    else:
        (tmp_path / "headway.toml").write_text(f'session_key = "{GIVEN}"')
    code, output, is_other = rotated(tmp_path / "session.key")
    assert (code, is_other) == (1, False)
    assert "the setting session_key" in output


def test_the_key_of_the_data_dir_that_the_settings_name_is_rotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADWAY_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    data = tmp_path / "data"
    (tmp_path / "headway.toml").write_text(f'data_dir = "{data}"')
    data.mkdir()
    code, output, is_other = rotated(data / "session.key")
    assert (code, is_other) == (1, False) and "has no session.key" in output
    (data / "session.key").write_text(GIVEN)
    code, output, is_other = rotated(data / "session.key")
    assert (code, is_other) == (0, True) and str(data) in output
    assert not (tmp_path / "home").exists()
