"""
Which licences we take: those approved by the Open Source Initiative, but for the Affero ones.

Licences are SPDX expressions; `words.toml` says what the free words in older metadata mean, and `reviewed.toml` what a
person found where an artifact tells nothing a program could read.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

HERE = Path(__file__).parent

APPROVED = frozenset(
    {
        *(
            "Apache-2.0",
            "Artistic-2.0",
            "BlueOak-1.0.0",
            "BSL-1.0",
            "ECL-2.0",
            "HPND",
            "ISC",
            "OFL-1.1",
            "PostgreSQL",
            "Python-2.0",
            "UPL-1.0",
            "Unicode-3.0",
            "Unlicense",
            "Zlib",
        ),
        *("0BSD", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0"),
        *("CDDL-1.0", "EPL-1.0", "EPL-2.0", "MPL-2.0"),
        *("GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later"),
        *("LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"),
    }
)
"""
What SPDX's list marks as approved (`isOsiApproved`) and has turned up, or may. Affero licences are approved, too, but
not by us.
"""

PART_OF_APPROVED = {"PSF-2.0": "Python-2.0"}
"""The Software Foundation's own licence is the first part of the approved licence of Python."""


def approved(expression: str) -> bool:
    """
    Whether a licence that we take is among the choices of an SPDX expression.
    """
    words = re.findall(r"[()]|[^\s()]+", expression)
    position = 0

    def alternatives() -> bool:
        nonlocal position
        found = together()
        while position < len(words) and words[position] == "OR":
            position += 1
            found = together() or found
        return found

    def together() -> bool:
        nonlocal position
        found = one()
        while position < len(words) and words[position] == "AND":
            position += 1
            found = one() and found
        return found

    def one() -> bool:
        nonlocal position
        if words[position] == "(":
            position += 1
            found = alternatives()
        else:
            found = PART_OF_APPROVED.get(words[position], words[position]) in APPROVED
            if words[position + 1 : position + 2] == ["WITH"]:
                position += 2  # an exception allows more, never less
        position += 1
        return found

    return bool(words) and alternatives()


def spdx(words: str) -> str | None:
    """
    Return the SPDX expression that these words of an artifact's metadata are, or mean.
    """
    words = " ".join(words.split())
    meaning = _table("words.toml").get("words", {}).get(words)
    if meaning is not None:
        return str(meaning)
    try:
        return str(canonicalize_license_expression(words))
    except InvalidLicenseExpression:
        return None


def reviewed(kind: str, name: str) -> str | None:
    """
    Return what a person found out about an artifact, in any version.
    """
    found = _table("reviewed.toml").get(kind, {}).get(name)
    return None if found is None else str(found["licence"])


def of_text(text: str) -> str | None:
    """
    Return the licence that a file like LICENSE holds, for the commonest ones.
    """
    text = " ".join(text.split())
    if "Apache License Version 2.0" in text:
        return "Apache-2.0"
    if "Redistribution and use in source and binary forms" in text:
        # The third clause, in its several wordings, forbids to use names.
        return "BSD-3-Clause" if re.search(r"[Nn]either the name|may not be used to endorse", text) else "BSD-2-Clause"
    if "Permission is hereby granted, free of charge, to any person obtaining a copy" in text:
        return "MIT"
    if "Mozilla Public License Version 2.0" in text:
        return "MPL-2.0"
    return None


@cache
def _table(name: str) -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((HERE / name).read_text())
