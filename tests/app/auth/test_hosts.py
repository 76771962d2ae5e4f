from __future__ import annotations

import pytest

from app.auth import hosts


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("", False),
        (":8000", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
    ],
)
def test_a_name_is_this_machines_or_not(host: str, is_local: bool) -> None:
    assert hosts.is_local_name(host) is is_local


def test_a_unix_sockets_address_is_local() -> None:
    assert hosts.is_loopback("")
    assert not hosts.is_loopback("nonsense")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("local", "local"),
        ("", ""),
    ],
)
def test_a_network_of_ipv6_is_counted_as_one(address: str, counted: str) -> None:
    assert hosts.network(address) == counted
