"""
What fetched artifacts say about their licence.
"""

import email
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from email.message import Message
from functools import cache
from importlib import metadata
from pathlib import Path

from docs.third_party.inventory import JAVA, LOCK, REPOSITORY, Artifact, first_line
from docs.third_party.licences import of_text, reviewed, spdx

LISTING = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:list"
LOCAL = Path(os.environ.get("MAVEN_REPOSITORY") or Path.home() / ".m2/repository")
RESOLVED = re.compile(r"^\s+([\w.-]+):([\w.-]+):jar(?::[\w.-]+)?:([\w.-]+):(?:compile|runtime)\b", re.MULTILINE)


def licence_of(artifact: Artifact) -> str | None:
    """
    Return the SPDX expression of an artifact, fetching it where needed; None when nobody knows.
    """
    told = {"PyPI": _of_python, "npm": _of_npm, "Maven": _of_maven, "Go": _of_go}.get(artifact.kind)
    return reviewed(artifact.kind, artifact.name) or (told(artifact) if told else None)


def version_here(artifact: Artifact) -> str:
    """
    Return the version; of a Debian package the one that this machine would install.
    """
    if artifact.kind != "Debian":
        return artifact.version
    done = subprocess.run(["apt-cache", "policy", artifact.name], capture_output=True, text=True, check=False)  # noqa: S607 - the machine's
    found = re.search(r"Candidate: (\S+)", done.stdout)
    return found[1] if found else "?"


def lock_maven(lock: Path) -> None:
    """
    Write the lock beside a pom.xml: group, name and version of every library that Maven resolves it to.
    """
    with tempfile.NamedTemporaryFile("r") as listing:
        command = ["mvn", "-q", "-B", "-f", str(lock.with_name("pom.xml")), LISTING, f"-DoutputFile={listing.name}"]
        subprocess.run(command, check=True)
        found = {":".join(parts) for parts in RESOLVED.findall(re.sub(r"\x1b\[[\d;]*m", "", listing.read()))}
    lock.write_text("\n".join([first_line(lock), *sorted(found)]) + "\n")


def _of_python(artifact: Artifact) -> str | None:
    try:
        installed = metadata.distribution(artifact.name)
        if installed.version == artifact.version:
            return _of_distribution(installed)
    except metadata.PackageNotFoundError:
        pass
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{artifact.name}=={artifact.version}"
        # Some versions are locked for a newer Python than this one.
        command = ["uv", "pip", "install", "--quiet", "--no-deps", "--python-version=3.13", "--target", folder, wanted]
        subprocess.run(command, check=True)
        (fetched,) = metadata.distributions(path=[folder])
        return _of_distribution(fetched)


def _of_distribution(distribution: metadata.Distribution) -> str | None:
    told: Message = email.message_from_string(distribution.read_text("METADATA") or "")
    classifiers = [line for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    words: Iterable[str] = (
        told.get("License-Expression", ""),
        told.get("License", ""),
        *(line.rpartition(" :: ")[2] for line in classifiers),
    )
    for word in words:
        if word and (found := spdx(word)):
            return found
    for file in distribution.files or []:
        if re.match(r"(LICEN[CS]E|COPYING)", file.name) and (text := of_text(file.read_text())):
            return text
    return None


def _of_npm(artifact: Artifact) -> str | None:
    for lock in REPOSITORY.rglob("package-lock.json"):
        for place, package in json.loads(lock.read_text())["packages"].items():
            name = package.get("name", place.rpartition("node_modules/")[2])
            if (name, package.get("version")) == (artifact.name, artifact.version):
                return spdx(package.get("license", ""))
    return None


def _of_maven(artifact: Artifact) -> str | None:
    group, _, name = artifact.name.partition(":")
    words = _of_pom(group, name, artifact.version)
    meanings = [spdx(word) for word in words]
    # Several licences in a POM are a choice.
    return " OR ".join(str(meaning) for meaning in meanings) if meanings and all(meanings) else None


@cache
def _of_pom(group: str, name: str, version: str) -> tuple[str, ...]:
    file = LOCAL.joinpath(*group.split("."), name, version, f"{name}-{version}.pom")
    root = ET.fromstring(file.read_bytes())  # noqa: S314 - Maven has read it before us
    own = [
        (licence.findtext("{*}name") or licence.findtext("{*}url") or "").strip()
        for licence in root.findall("{*}licenses/{*}license")
    ]
    parent = root.find("{*}parent")
    if own or parent is None:
        return tuple(own)
    return _of_pom(*((parent.findtext(f"{{*}}{part}") or "").strip() for part in ("groupId", "artifactId", "version")))


def _of_go(artifact: Artifact) -> str | None:
    command = ["go", "mod", "download", "-json", f"{artifact.name}@{artifact.version}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    folder = Path(json.loads(done.stdout)["Dir"])
    return next((found for file in folder.glob("LICENSE*") if (found := of_text(file.read_text()))), None)


def relock_maven(locks: Iterable[Path]) -> None:
    """
    Write these locks anew, and remove those whose pom.xml is gone.
    """
    for lock in locks:
        lock_maven(lock)
    for lock in JAVA.glob(f"*/{LOCK}"):
        if not lock.with_name("pom.xml").exists():
            lock.unlink()
