"""
docs/reference/third-party.md: every third-party artifact with its licence.

    scripts/third-party             compare the page with the lock files, offline
    scripts/third-party --refresh   look up what is new, and write the page
"""

import re
import sys
from collections.abc import Iterator, Mapping

from docs.third_party.inventory import KINDS, REPOSITORY, Artifact, inventory, stale_locks
from docs.third_party.licences import approved

PAGE = REPOSITORY / "docs/reference/third-party.md"
ROW = re.compile(r"^\| `([^`]+)` \| (\S+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
UNKNOWN = "unknown"
REFRESH = "run scripts/third-party --refresh"

INTRODUCTION = """# Third-party artifacts

Everything that the product, its tests and its benchmarks fetch from package registries.
`scripts/third-party --refresh` writes this page. `scripts/check` fails when an artifact is missing here, when its
licence is unknown or not approved by the Open Source Initiative, and when it is an Affero licence.

The licence is what the artifact's own metadata says, as an SPDX expression. What a person had to look up stands in
`tests/docs/third_party/reviewed.toml`, with the reason.
Debian's packages are not pinned: the version is the one of the machine that wrote this page."""

USES = {
    "requirements/serve.txt": "serving",
    "requirements/styles/": "the console's styles",
    "requirements/": "development",
    "tests/real/": "tests with real clients",
    "tests/support/": "tests with real clients",
    "benchmarks/": "benchmarks",
    "scripts/bench": "benchmarks",
    "scripts/": "tests",
    ".ci/": "tests",
}
"""What a file that asks for an artifact wants it for, by how its path begins; the first that fits."""


def rows(text: str) -> dict[Artifact, str]:
    """
    The artifacts and licences of a page.
    """
    found = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        kind = next(kind for kind, title in KINDS.items() if part.startswith(f"{title}\n"))
        for name, version, licence, _use in ROW.findall(part):
            found[Artifact(kind, name, "" if kind == "Debian" else version)] = licence
    return found


def faults(listed: Mapping[Artifact, str], asked: Mapping[Artifact, object]) -> Iterator[str]:
    """
    What is wrong with a page.
    """
    for artifact in sorted(asked):
        licence = listed.get(artifact)
        what = f"{artifact.kind} {artifact.name} {artifact.version}".rstrip()
        if licence is None:
            yield f"{what} is not listed: {REFRESH}"
        elif not approved(licence):
            yield f"{what}: the licence {licence} is not one that we take"
    for artifact in sorted(set(listed) - set(asked)):
        yield f"{artifact.kind} {artifact.name} {artifact.version} is listed, and nobody fetches it: {REFRESH}"


def all_faults() -> list[str]:
    """
    What is wrong with the committed page and locks.
    """
    stale = [f"{lock.relative_to(REPOSITORY)} is not of its pom.xml: {REFRESH}" for lock in stale_locks()]
    return [*stale, *faults(rows(PAGE.read_text()) if PAGE.exists() else {}, inventory())]


def refresh() -> None:
    """
    Write the page: versions that stood there before keep their row's licence, others are looked up.
    """
    from docs.third_party.lookup import licence_of, relock_maven, version_here

    relock_maven(stale_locks())
    known = rows(PAGE.read_text()) if PAGE.exists() else {}
    parts = [INTRODUCTION]
    asked = inventory()
    for kind, title in KINDS.items():
        parts.append(f"## {title}\n\n| artifact | version | licence | for |\n|---|---|---|---|")
        for artifact in sorted(one for one in asked if one.kind == kind):
            licence = known.get(artifact)
            if licence in {None, UNKNOWN} or kind == "Debian":
                licence = licence_of(artifact) or UNKNOWN
            uses = ", ".join(dict.fromkeys(map(_use, sorted(asked[artifact], key=_order))))
            parts[-1] += f"\n| `{artifact.name}` | {version_here(artifact)} | {licence} | {uses} |"
    PAGE.write_text("\n\n".join(parts) + "\n")


def _use(file: str) -> str:
    return next(use for beginning, use in USES.items() if file.startswith(beginning))


def _order(file: str) -> int:
    return next(place for place, beginning in enumerate(USES) if file.startswith(beginning))


if __name__ == "__main__":
    if sys.argv[1:] == ["--refresh"]:
        refresh()
    found = all_faults()
    print(*found, sep="\n", end="\n" if found else "")  # noqa: T201 - its output
    sys.exit(bool(found))
