import pytest

from gatekey.server.gateway.policy.model import Address, GatewayView, Kind, RequestHead, read_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:26500", Address("localhost", 26500)),
        ("127.0.0.1:26500", Address("127.0.0.1", 26500)),
        ("[::1]:26500", Address("::1", 26500)),
        ("http://localhost:8080", Address("localhost", 8080)),
        ("http://localhost:8080/", Address("localhost", 8080)),
        ("http://zeebe", Address("zeebe", 80)),
        (
            "https://zeebe.example.org/orchestration/",
            Address("zeebe.example.org", 443, tls=True, path="/orchestration"),
        ),
        ("grpcs://zeebe.example.org", Address("zeebe.example.org", 443, tls=True)),
        ("grpc://zeebe:26500", Address("zeebe", 26500)),
    ],
)
def test_an_address_is_read_as_people_write_it(text: str, expected: Address) -> None:
    assert expected == read_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        ":26500",
        "host:port",
        "host:99999",
        "ftp://host",
        "http://me@host:1",
        "http://h:1/?q",
        "http://h:1/#f",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_address(text)


def test_an_address_prints_as_it_is_written() -> None:
    assert "[::1]:26500 localhost:8080/base" == f"{Address('::1', 26500)} {Address('localhost', 8080, path='/base')}"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/grpc", True),
        ("application/grpc+proto", True),
        ("Application/gRPC; charset=utf-8", True),
        ("application/grpc-web", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_grpc_is_told_by_its_content_type(content_type: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert expected == RequestHead("localhost", "/", content_type).grpc


def test_each_kind_of_refusal_has_its_status_in_both_protocols() -> None:
    statuses = {kind.name: (kind.http_status, kind.grpc_status) for kind in Kind}

    assert statuses == {
        "UNAUTHENTICATED": (401, 16),
        "FORBIDDEN": (403, 7),
        "NOT_FOUND": (404, 12),
        "METHOD_NOT_ALLOWED": (405, 2),
        "UNAVAILABLE": (503, 14),
    }


def test_a_view_does_not_print_its_keys() -> None:
    assert "modulus" not in repr(GatewayView(Address("localhost", 1), "http://issuer", "modulus", "camunda.io"))
