"""Who is answered, and what is said to those who only look."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.service.conftest import Client

from physiocam.service.access import Access
from physiocam.service.app import service_app
from physiocam.service.description import describe
from physiocam.service.limits import Limits

Start = Callable[..., Client]


def test_a_token_is_asked_for_where_one_is_set(service: Start) -> None:
    client = service(token="secret")
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}):
        status, answer = client.ask("POST", "/jobs", b"x", **given)
        assert status == 401
        assert "secret" not in answer["error"]
    assert client.ask("POST", "/jobs", b"x", Authorization="Bearer secret")[0] == 202
    assert client.ask("GET", "/")[0] == client.ask("GET", "/openapi.json")[0] == 200


def test_pages_of_other_sites_are_refused(service: Start) -> None:
    client = service()
    assert client.ask("POST", "/jobs", b"x", Origin="https://attacker.example")[0] == 403
    assert client.ask("GET", "/jobs/x", Host="attacker.example")[0] == 421
    assert client.ask("GET", "/", Host=f"localhost:{client.port}")[0] == 200


def test_the_page_and_openapi_describe_every_address(service: Start) -> None:
    client = service(upload_mb=7)
    _, described = client.ask("GET", "/openapi.json")
    assert described == json.loads(json.dumps(describe(Limits(upload_mb=7), token=False)))
    _, page = client.ask("GET", "/")
    nothing: Any = None
    app = service_app(nothing, nothing_live(), Limits(), Access(None, local=True))
    addresses = {route.path for route in app.routes if hasattr(route, "path")} - {"/", "/openapi.json"}
    assert set(described["paths"]) == addresses
    assert all(address in page.decode() for address in addresses)
    assert "at most 7 MB" in page.decode()
    assert b"<script" not in page


def nothing_live() -> Any:
    class Live:
        async def serve(self, socket: Any) -> None:
            pytest.fail("nobody asks")

    return Live()


def test_the_description_is_valid_openapi() -> None:
    described = describe(Limits(), token=True)
    assert described["openapi"].startswith("3.1")
    assert described["security"] == [{"token": []}]
    for path, operations in described["paths"].items():
        for operation in operations.values():
            named = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert named == ({"job"} if "{job}" in path else set())
            assert all("description" in answer for answer in operation["responses"].values())
