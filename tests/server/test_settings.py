from pathlib import Path

import pytest

from models.states import ExecutionState
from server.settings.settings import Settings

LISTS = [name for name, one in Settings.model_fields.items() if one.annotation == tuple[str, ...]]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path


def test_nothing_need_be_set(nowhere: Path) -> None:
    settings = Settings.read({})
    assert (settings.host, settings.port, settings.queues) == ("127.0.0.1", 8321, ("default",))
    assert settings.data_dir == nowhere / "share" / "headway"
    assert type(settings) is Settings


def test_flags_go_over_variables_go_over_the_file(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "headway.toml").write_text('port = 1\nworkers = 2\nconcurrency = 3\nqueues = ["a"]')
    monkeypatch.setenv("HEADWAY_PORT", "10")
    monkeypatch.setenv("HEADWAY_WORKERS", "20")
    monkeypatch.setenv("HEADWAY_ALLOWED_HOSTS", "one.example, two.example")
    settings = Settings.read({"port": 100})
    assert (settings.port, settings.workers, settings.concurrency) == (100, 20, 3)
    assert settings.queues == ("a",)
    assert settings.allowed_hosts == ("one.example", "two.example")


def test_the_file_may_be_in_the_data_directory(nowhere: Path) -> None:
    (nowhere / "data").mkdir()
    (nowhere / "data" / "headway.toml").write_text('drain_timeout = "1m30s"')
    assert Settings.read({"data_dir": nowhere / "data"}).drain_timeout == 90.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port = 70000", "--port .HEADWAY_PORT.: Input should be less than or equal to 65535"),
        ("prot = 1", "no setting is called prot; did you mean `port`?"),
        ("port = ", "headway.toml is not TOML: "),
        ('drain_timeout = "soon"', "--drain-timeout .HEADWAY_DRAIN_TIMEOUT.: must be a duration"),
        ("queues = []", "--queues .HEADWAY_QUEUES.: "),
        ("[[retention]]\nflow = 'a'", "HEADWAY_RETENTION at 0.keep.: Field required"),
        ("[[retention]]\nkeep = 'soon'", "at 0.keep.: must be forever, or a duration such as"),
        ("[[retention]]\nkeep = 0", "`keep` must be greater than 0"),
        (
            "[[retention]]\nkeep = 1\nstates = ['RUNNING']",
            "only terminal states can be pruned: .*; got RUNNING",
        ),
        (
            "[[retention]]\nkeep = 1\nolder = 2",
            "HEADWAY_RETENTION at 0.older.: Extra inputs are not permitted",
        ),
        (
            "[[retention]]\nkeep = 1\nnamspace = 'a'",
            "at 0.namspace.: Extra inputs are not permitted; did you mean `namespace`?",
        ),
        ('allowed_hosts = ["https://headway.example"]', "must be host names or addresses"),
        ('allowed_hosts = ["headway.example:8321"]', "without scheme and port"),
        ('allowed_hosts = ["*.example"]', "must be host names"),
        ('allowed_origins = ["*"]', "must be a scheme, a host and .*; got '\\*'"),
        ('allowed_origins = ["https://a.example/app"]', "must be a scheme, a host"),
        ('allowed_origins = ["null"]', "must be a scheme, a host"),
        (
            'external_url = "headway.example"',
            "--external-url .HEADWAY_EXTERNAL_URL.: must be a scheme",
        ),
        ('trusted_proxies = ["10.0.0.0/33"]', "--trusted-proxies .*does not appear to be an IPv4"),
        ("uploads_kept = 60", "--uploads-kept .HEADWAY_UPLOADS_KEPT.: Input should be greater"),
    ],
)
def test_a_wrong_value_is_a_sentence(nowhere: Path, text: str, sentence: str) -> None:
    (nowhere / "headway.toml").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        Settings.read({})


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_another_notation_is_refused(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"HEADWAY_{name.upper()}", '["one.example", "two.example"]')
    with pytest.raises(ValueError, match="must be names separated by"):
        Settings.read({})


def test_an_address_in_brackets_is_no_list(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_ALLOWED_HOSTS", "[::1],[fd00::1]")
    assert Settings.read({}).allowed_hosts == ("::1", "fd00::1")


def test_hosts_are_compared_as_browsers_write_them(nowhere: Path) -> None:
    hosts = Settings.read(
        {"allowed_hosts": ("Headway.Example.", "[::1]", "10.0.0.5")}
    ).allowed_hosts
    assert hosts == ("headway.example", "::1", "10.0.0.5")


def test_variables_of_clients_and_unset_ones_are_no_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEADWAY_URL", "http://127.0.0.1:8321")
    monkeypatch.setenv("HEADWAY_TOKEN", "secret")
    monkeypatch.setenv("HEADWAY_PORT", "")
    assert Settings.read({}).port == 8321


def test_origins_are_written_as_browsers_do(nowhere: Path) -> None:
    (nowhere / "headway.toml").write_text(
        'allowed_origins = ["HTTPS://App.Example:443/", "http://[2001:db8::1]:8080"]\n'
        'external_url = "https://headway.example/"'
    )
    settings = Settings.read({})
    assert settings.allowed_origins == ("https://app.example", "http://[2001:db8::1]:8080")
    assert settings.external_url == "https://headway.example"


def test_each_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_retention_is_a_list_of_rules(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere / "headway.toml").write_text(
        """prune_every = "10m"
        [[retention]]
        keep = "forever"
        namespace = "acme.audit"
        [[retention]]
        keep = "90d"
        states = ["failed", "WARNING"]
        """
    )
    settings = Settings.read({})
    assert settings.prune_every == 600
    assert [(one.keep, one.namespace, one.flow, one.states) for one in settings.retention] == [
        (None, "acme.audit", None, ()),
        (90 * 86400, None, None, (ExecutionState.FAILED, ExecutionState.WARNING)),
    ]
    monkeypatch.setenv("HEADWAY_RETENTION", '[{"keep": "7d", "flow": "load"}]')
    (one,) = Settings.read({}).retention
    assert (one.keep, one.flow) == (7 * 86400, "load")
    monkeypatch.setenv("HEADWAY_RETENTION", "30d")
    with pytest.raises(ValueError, match="retention"):
        Settings.read({})
