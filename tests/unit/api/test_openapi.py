import json
from pathlib import Path

from carrete.api.app import openapi_text

ROOT = Path(__file__).parents[3]


def test_the_document_beside_the_web_page_is_what_the_code_says() -> None:
    kept = (ROOT / "web" / "openapi.json").read_text(encoding="utf-8")
    assert kept == openapi_text(), "run `make docs`"


def test_every_operation_says_that_it_refuses_what_is_too_long() -> None:
    document = json.loads(openapi_text())
    operations = [one for path in document["paths"].values() for one in path.values()]
    for operation in operations:
        assert "`headers_too_large`" in operation["responses"]["431"]["description"]


def test_an_upload_may_be_gone_where_its_parts_are_asked_for() -> None:
    paths = json.loads(openapi_text())["paths"]
    upload = paths["/api/videos/{video_id}/upload"]["get"]
    complete = paths["/api/videos/{video_id}/upload/complete"]["post"]
    for operation in (upload, complete):
        assert "`upload_gone`" in operation["responses"]["409"]["description"]
