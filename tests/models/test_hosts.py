"""Rules on hosts: every notation of an address has the same result."""

import pytest

from models.access.hosts import DENIED, HostRules, read_rule

METADATA = (
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::23",
    "fd00:42::42",
)
ITSELF = (
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::ffff:127.0.0.1",
    "10.1.1.1",
)


@pytest.mark.parametrize("address", METADATA)
def test_addresses_of_the_link_and_of_metadata_are_denied(address: str) -> None:
    refusal = HostRules().refusal("innocent.example", 80, address)
    assert refusal and "@link-local" in refusal and "task_denied_hosts" in refusal
    assert HostRules(allowed=("innocent.example", "*", address)).refusal(
        "innocent.example", 80, address
    )
    assert HostRules(denied=()).refusal("innocent.example", 80, address) is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "8.8.8.8", "10.0.0.1", "::1", "fd00::1", "169.253.1.1"]
)
def test_others_are_not(address: str) -> None:
    assert HostRules().refusal(address, 80, address) is None


@pytest.mark.parametrize("address", ITSELF)
@pytest.mark.parametrize("named", ITSELF)
def test_every_address_of_this_machine_counts_as_its_database(address: str, named: str) -> None:
    rules = HostRules(database=((named, 5432),), local=("10.1.1.1",))
    refusal = rules.refusal("innocent.example", 5432, address)
    assert refusal and "@database" in refusal
    assert rules.refusal("innocent.example", 5433, address) is None
    assert rules.refusal("innocent.example", 5432, "10.1.1.2") is None


def test_a_database_elsewhere_is_known_by_its_addresses() -> None:
    rules = HostRules(database=(("db.internal", 5432),), resolved=(("db.internal", "10.0.0.5"),))
    assert rules.names_to_resolve() == {"db.internal"}
    assert rules.refusal("alias.example", 5432, "::ffff:10.0.0.5")
    assert rules.refusal("alias.example", 5432, "10.0.0.6") is None


def test_a_denied_name_is_denied_by_its_addresses_too() -> None:
    rules = HostRules(
        denied=("pay.internal", "*.prod.internal", "old.internal:8080"),
        resolved=(("pay.internal", "10.0.0.7"), ("old.internal", "10.0.0.8")),
    )
    assert rules.names_to_resolve() == {"pay.internal", "old.internal"}
    for host, port, address in (
        ("pay.internal", 443, "1.2.3.4"),
        ("PAY.internal.", 443, "1.2.3.4"),
        ("10.0.0.7", 443, "10.0.0.7"),
        ("a.b.prod.internal", 80, "1.2.3.4"),
        ("10.0.0.8", 8080, "10.0.0.8"),
    ):
        assert rules.refusal(host, port, address), host
    for host, port, address in (
        ("10.0.0.8", 80, "10.0.0.8"),
        ("prod.internal", 80, "1.2.3.4"),
        ("repay.internal", 80, "1.2.3.4"),
    ):
        assert rules.refusal(host, port, address) is None, host


def test_with_an_allow_list_all_others_are_refused() -> None:
    rules = HostRules(allowed=("api.example.com", "10.0.0.0/8:5432", "@loopback", "[fd00::1]:443"))
    assert rules.refusal("api.example.com", 443, "1.2.3.4") is None
    assert rules.refusal("db", 5432, "10.9.9.9") is None
    assert rules.refusal("localhost", 8080, "127.0.0.1") is None
    assert rules.refusal("localhost", 5432, "/run/postgresql") is None
    assert rules.refusal("x", 443, "fd00::1") is None
    for host, port, address in (
        ("api.example.com.evil.example", 443, "1.2.3.4"),
        ("1.2.3.4", 443, "1.2.3.4"),
        ("db", 5433, "10.9.9.9"),
        ("x", 80, "fd00::1"),
    ):
        refusal = rules.refusal(host, port, address)
        assert refusal and "task_allowed_hosts" in refusal
    refusal = rules.refusal("api.example.com", 80, "169.254.169.254")
    assert refusal and "@link-local" in refusal  # an allowed name resolves to a denied address


def test_the_rules_survive_the_way_to_another_process() -> None:
    rules = HostRules(("a",), DENIED, (("/run", 5432), ("::1", 1)), ("10.0.0.1",), (("a", "::2"),))
    assert HostRules.load(rules.dump()) == rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" API.Example.com. ", "api.example.com"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("*.x:80", "*.x:80"),
        ("*", "*"),
        ("[::1]:80", "[::1]:80"),
        ("@private", "@private"),
    ],
)
def test_rules_are_read(text: str, rule: str) -> None:
    assert read_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    ["", "@clouds", "a b", "http://x", "x/24", "10.0.0.0/99", "x:0", "x:99999", "*x", "a*b", "x:"],
)
def test_invalid_rules_are_refused_with_a_message(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port|group|address"):
        read_rule(text)
