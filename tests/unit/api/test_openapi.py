from pathlib import Path

from carrete.api.app import openapi_text

ROOT = Path(__file__).parents[3]


def test_the_document_beside_the_web_page_is_what_the_code_says() -> None:
    kept = (ROOT / "web" / "openapi.json").read_text(encoding="utf-8")
    assert kept == openapi_text(), "run `make docs`"
