"""Whatever the API's description allows, and what it does not, never breaks the server."""

from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


def test_nothing_makes_the_server_fail(client: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{client.base_url}/api/v1/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def never_fails(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(
                checks=[
                    not_a_server_error, status_code_conformance, content_type_conformance,
                    response_schema_conformance,
                ]
            )  # fmt: skip

        never_fails()
        tried += 1
    assert tried >= 14
