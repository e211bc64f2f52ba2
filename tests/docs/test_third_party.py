"""
What is fetched from registries, and under which licences: the page, the rule, and what the rule would find.
"""

import pytest

from docs.third_party.inventory import Artifact, inventory
from docs.third_party.licences import approved
from docs.third_party.page import all_faults, faults


def test_all_that_is_fetched_is_listed_under_a_licence_that_we_take() -> None:
    assert [] == all_faults()


@pytest.mark.parametrize(
    "artifact",
    [
        Artifact("Debian", "chromium", ""),
        Artifact("Debian", "python3-venv", ""),
        Artifact("Maven", "org.apache.maven.plugins:maven-dependency-plugin", "3.6.1"),
    ],
)
def test_what_scripts_and_builds_fetch_is_found(artifact: Artifact) -> None:
    assert artifact in inventory()


@pytest.mark.parametrize("kind", ["PyPI", "npm", "Maven", "Go", "Debian"])
def test_every_kind_of_registry_is_looked_at(kind: str) -> None:
    assert kind in {artifact.kind for artifact in inventory()}


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("MIT", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("AGPL-3.0-only", False),
        ("AGPL-3.0-only OR MIT", True),
        ("MIT AND AGPL-3.0-only", False),
        ("MIT AND (AGPL-3.0-only OR Apache-2.0)", True),
        ("LicenseRef-Vendor", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_licence_is_taken_when_all_its_parts_are(expression: str, *, taken: bool) -> None:
    assert taken == approved(expression)


def test_what_is_not_listed_not_known_or_not_taken_is_a_fault() -> None:
    new, unknown, affero, gone = (Artifact("npm", name, "1.0.0") for name in ("new", "unknown", "affero", "gone"))
    listed = {unknown: "unknown", affero: "AGPL-3.0-only", gone: "MIT"}
    found = " ".join(faults(listed, {new: set(), unknown: set(), affero: set()}))

    assert ["new", "unknown", "affero", "gone"] == [
        name for name in ("new", "unknown", "affero", "gone") if name in found
    ]
    assert 4 == found.count("npm ")
