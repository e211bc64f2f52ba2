import re

import pytest

from docs.reference import QUOTES, REFERENCE, quoted
from gatekey.cli.exits import Exit


@pytest.mark.parametrize("page", QUOTES)
def test_the_reference_says_what_the_product_says(page: str) -> None:
    assert QUOTES[page]() == quoted(page), "to write it anew: .venv/bin/python tests/docs/reference.py"


def test_every_exit_code_is_explained() -> None:
    explained = re.findall(r"^\| (\d+) \|", (REFERENCE / "cli.md").read_text(), flags=re.MULTILINE)

    assert [str(code.value) for code in Exit] == explained
