"""
Expressions as models have them; what cannot be read is refused, and no expression reaches Python.
"""

from typing import Any

import pytest

from gatekey.demo.feel import DEEPEST, LONGEST, FeelError, parse, parse_value

VARIABLES: dict[str, Any] = {
    "amount": 120,
    "name": "Ada",
    "paid": True,
    "order": {"total": 12.5, "lines": [1, 2, 3]},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-amount / 2", -60),
        ("10 - 3 - 2", 5),
        ("1.5", 1.5),
        ('"a \\"quoted\\"\\n text"', 'a "quoted"\n text'),
        ('"Hello, " + name', "Hello, Ada"),
        ('"example.org"', "example.org"),
        ("amount > 100 and paid", True),
        ("amount < 100 or not(paid)", False),
        ("amount >= 120", True),
        ("amount <= 119", False),
        ('name = "Ada"', True),
        ("name != nothing", True),
        ("missing = null", True),
        ("missing.deeper", None),
        ("order.total", 12.5),
        ("count(order.lines)", 3),
        ("count(name)", None),
        ("string(amount)", "120"),
        ("string(paid)", "true"),
        ("string(null)", None),
        ("not(amount)", None),
        ("if paid then 1 else 2", 1),
        ("if missing then 1 else 2", 2),
        ('{"a b": amount, list: [1, name], c: {}}', {"a b": 120, "list": [1, "Ada"], "c": {}}),
        ("[]", []),
        ("true", True),
        ("false and missing", False),
        ("missing and false", False),
        ("true or missing", True),
        ("missing or true", True),
        ("missing and true", None),
        ("name > 3", None),
        ("name * 3", None),
        ("1 / 0", None),
        ("paid = true", True),
        ("amount = paid", None),
    ],
)
def test_an_expression_has_the_value_that_feel_says(text: str, value: object) -> None:
    assert value == parse(text)(VARIABLES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "1 2",
        "(1",
        "order.",
        "order.1",
        "__import__('os')",
        "eval(1)",
        "count(1, 2)",
        "if paid then 1",
        "[1 2]",
        "{a 1}",
        "name @ 1",
        "(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1),
        "1 + " * LONGEST,
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(FeelError):
        parse(text)


def test_a_text_without_an_equals_sign_is_itself() -> None:
    assert ("payment", 120) == (parse_value("payment")(VARIABLES), parse_value("=amount")(VARIABLES))
