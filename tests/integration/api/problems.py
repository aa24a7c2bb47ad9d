"""The shape that every problem has."""

from typing import Any

import httpx

from carrete.api.schemas import Problem


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    found = (answer.status_code, answer.headers["content-type"])
    assert found == (status, "application/problem+json"), answer.text
    body: dict[str, Any] = answer.json()
    Problem.model_validate(body)
    assert (body["code"], body["status"]) == (code, status)
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
