"""A value that must never be printed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class SecretText:
    """A secret or token whose `repr` and `str` show nothing; `reveal()` is the one way to the text."""

    _text: str

    def reveal(self) -> str:
        """Return the text; call it only where it leaves for its one reader."""
        return self._text

    def __repr__(self) -> str:
        return "SecretText(…)"

    def __str__(self) -> str:
        return "…"

    def __bool__(self) -> bool:
        return bool(self._text)
