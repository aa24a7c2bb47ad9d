"""What the documents say exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:unit|contract|integration|e2e|media)/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_that_the_security_page_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = NAMED.findall(page)
    assert len(named) > 25
    for path, test in named:
        source = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert f"def {test}(" in source or not test, (path, test)
