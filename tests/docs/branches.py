"""
The decisions are tested to the last branch, each by the tests of its own: the modules that the contract `pure` of
.importlinter names, and the files of tests/unit that mirror them. `scripts/check` runs this.

Searching is for `scripts/test`: here properties see few examples and always the same, so that the outcome is no chance.
"""

import configparser
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from coverage import Coverage

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src"
UNIT_TESTS = REPOSITORY / "tests" / "unit"
QUIET = ["-q", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-profile", "branches"]


def pure_modules() -> list[Path]:
    """
    The files that the contract's patterns match: `*` is one name, `**` are several, and a package is all in it.
    """
    contracts = configparser.ConfigParser()
    contracts.read(REPOSITORY / ".importlinter")
    patterns = contracts["importlinter:contract:pure"]["source_modules"].split()
    texts = [re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^.]+") for pattern in patterns]
    pure = re.compile(rf"(?:{'|'.join(texts)})(?:\..+)?")
    return [path for path in sorted(SOURCE.rglob("*.py")) if pure.fullmatch(name_of(path))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def mirror_of(path: Path) -> Path:
    """
    The file of its own tests; those of a package lie beside the package's folder.
    """
    mirrored = path.relative_to(SOURCE / "gatekey")
    if mirrored.name == "__init__.py":
        mirrored = mirrored.parent.with_suffix(".py")
    return UNIT_TESTS / mirrored.with_name(f"test_{mirrored.name}")


def main() -> int:
    modules = pure_modules()
    mirrors = {mirror_of(path) for path in modules}
    os.environ["GATEKEY_VIRTUAL_HOURS"] = "30"
    measured = Coverage(data_file=None, branch=True, include=[str(path) for path in modules])
    measured.exclude(r"case (_|unknown):")  # what only a mistake of ours could reach
    measured.start()
    for path in modules:  # those that only define have no tests of their own
        import_module(name_of(path))
    failed = pytest.main([*QUIET, *(str(path) for path in sorted(mirrors) if path.exists())])
    measured.stop()
    share = measured.report(skip_covered=True, show_missing=True, file=sys.stderr)
    return int(failed or share < 100)


if __name__ == "__main__":
    sys.exit(main())
