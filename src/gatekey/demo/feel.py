"""
The part of FEEL (DMN 1.3 chapter 10) that conditions, mappings and job types of simple models are written in. Pure.

Literals, lists, contexts, dotted paths, arithmetic, comparisons, `and`, `or`, `if … then … else`, and a few functions.
A name that is not there is null, as FEEL says, and a comparison with null is null. No expression reaches Python.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<sign><=|>=|!=|[-+*/=<>(){}\[\],:.]))"""
)

DEEPEST = 50
"""Levels of parentheses, lists and contexts; people write under ten, and Python's stack bears a thousand."""

LONGEST = 10_000
"""Characters of one expression."""

Value = Any
"""What JSON can hold."""


class FeelError(ValueError):
    """The expression cannot be read or computed; the text says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression with its text."""

    text: str
    compute: Callable[[Mapping[str, Value]], Value]

    def __call__(self, variables: Mapping[str, Value]) -> Value:
        """Return its value. Raises `FeelError`."""
        return self.compute(variables)


def parse(text: str) -> Expression:
    """Read an expression without its leading `=`. Raises `FeelError`."""
    if len(text) > LONGEST:
        raise FeelError(f"an expression has more than {LONGEST} characters")
    parser = _Parser(_tokens(text))
    compute = parser.expression()
    parser.expect_end()
    return Expression(text, compute)


def parse_value(text: str) -> Expression:
    """Read an attribute that may be an expression (`=x`) or a fixed text. Raises `FeelError`."""
    return parse(text[1:]) if text.startswith("=") else Expression(text, lambda _: text)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise FeelError(f"{text[at : at + 20]!r} cannot be read")
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return found


Compute = Callable[[Mapping[str, Value]], Value]

CONSTANTS: Mapping[str, Compute] = {"true": lambda _: True, "false": lambda _: False, "null": lambda _: None}

COMPARISONS: Mapping[str, Callable[[Value, Value], Value]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class _Parser:
    """Recursive descent, one method a level of precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    def expression(self) -> Compute:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FeelError("the expression is nested too deeply")
        found = self._choice() if self._take("if") else self._either()
        self._depth -= 1
        return found

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise FeelError(f"{self._tokens[self._at][1]!r} was not expected")

    def _choice(self) -> Compute:
        condition = self.expression()
        self._expect("then")
        yes = self.expression()
        self._expect("else")
        no = self.expression()
        return lambda variables: yes(variables) if condition(variables) is True else no(variables)

    def _either(self) -> Compute:
        left = self._both()
        while self._take("or"):
            left = _logical(left, self._both(), decisive=True)
        return left

    def _both(self) -> Compute:
        left = self._comparison()
        while self._take("and"):
            left = _logical(left, self._comparison(), decisive=False)
        return left

    def _comparison(self) -> Compute:
        left = self._sum()
        for sign in COMPARISONS:
            if self._take(sign):
                return _comparison(sign, left, self._sum())
        return left

    def _sum(self) -> Compute:
        left = self._product()
        while sign := self._take("+") or self._take("-"):
            left = _arithmetic(sign, left, self._product())
        return left

    def _product(self) -> Compute:
        left = self._unary()
        while sign := self._take("*") or self._take("/"):
            left = _arithmetic(sign, left, self._unary())
        return left

    def _unary(self) -> Compute:
        if self._take("-"):
            operand = self._unary()
            return _arithmetic("-", lambda _: 0, operand)
        return self._path()

    def _path(self) -> Compute:
        found = self._primary()
        while self._take("."):
            found = _member(found, self._name())
        return found

    def _primary(self) -> Compute:
        kind, text = self._next()
        match kind, text:
            case "number" | "string", _:
                return _literal(text)
            case "name", "true" | "false" | "null":
                return CONSTANTS[text]
            case "sign", "(":
                inner = self.expression()
                self._expect(")")
                return inner
            case "sign", "[":
                return self._list()
            case "sign", "{":
                return self._context()
            case "name", _:
                return self._call(text) if self._take("(") else lambda variables: variables.get(text)
        raise FeelError(f"{text!r} was not expected")

    def _list(self) -> Compute:
        parts: list[Compute] = []
        while not self._take("]"):
            if parts:
                self._expect(",")
            parts.append(self.expression())
        return lambda variables: [part(variables) for part in parts]

    def _context(self) -> Compute:
        parts: dict[str, Compute] = {}
        while not self._take("}"):
            if parts:
                self._expect(",")
            kind, text = self._next()
            name = text[1:-1] if kind == "string" else text
            self._expect(":")
            parts[name] = self.expression()
        return lambda variables: {name: part(variables) for name, part in parts.items()}

    def _call(self, name: str) -> Compute:
        arguments: list[Compute] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            arguments.append(self.expression())
        function = FUNCTIONS.get(name)
        if function is None or len(arguments) != 1:
            raise FeelError(f"the function {name} is not known here")
        return lambda variables: function(arguments[0](variables))

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise FeelError(f"{text!r} is no name")
        return text

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise FeelError("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, text: str) -> str:
        """Go past `text` and return it if it comes next, outside of a string; else return nothing."""
        if self._at < len(self._tokens):
            kind, found = self._tokens[self._at]
            if found == text and kind != "string":
                self._at += 1
                return text
        return ""

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise FeelError(f"{text!r} is missing")


def _literal(text: str) -> Compute:
    value: Value
    if text.startswith('"'):
        value = re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text[1:-1])
    else:
        value = float(text) if "." in text else int(text)
    return lambda _: value


def _count(value: Value) -> Value:
    return len(value) if isinstance(value, list) else None


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else None


def _string(value: Value) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


FUNCTIONS: Mapping[str, Callable[[Value], Value]] = {"not": _not, "string": _string, "count": _count}


def _logical(left: Compute, right: Compute, *, decisive: bool) -> Compute:
    """Return `or` (decisive is True) or `and`, in FEEL's logic of three values."""

    def compute(variables: Mapping[str, Value]) -> Value:
        first = left(variables)
        if first is decisive:
            return decisive
        second = right(variables)
        if second is decisive:
            return decisive
        return (not decisive) if isinstance(first, bool) and isinstance(second, bool) else None

    return compute


def _comparison(sign: str, left: Compute, right: Compute) -> Compute:
    def compute(variables: Mapping[str, Value]) -> Value:
        first, second = left(variables), right(variables)
        if sign in {"=", "!="} and (first is None or second is None):
            return (first is second) is (sign == "=")
        if not _alike(first, second):
            return None
        return COMPARISONS[sign](first, second)

    return compute


def _alike(first: Value, second: Value) -> bool:
    if _is_number(first) and _is_number(second):
        return True
    return type(first) is type(second) and first is not None


def _arithmetic(sign: str, left: Compute, right: Compute) -> Compute:
    def compute(variables: Mapping[str, Value]) -> Value:
        first, second = left(variables), right(variables)
        if sign == "+" and isinstance(first, str) and isinstance(second, str):
            return first + second
        if not _is_number(first) or not _is_number(second) or (sign == "/" and second == 0):
            return None
        match sign:
            case "+":
                return first + second
            case "-":
                return first - second
            case "*":
                return first * second
        return first / second

    return compute


def _member(owner: Compute, name: str) -> Compute:
    def compute(variables: Mapping[str, Value]) -> Value:
        found = owner(variables)
        return found.get(name) if isinstance(found, Mapping) else None

    return compute


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
