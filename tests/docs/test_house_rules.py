"""
The rules of the house that no ready-made tool checks; `scripts/check` runs this file.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src" / "gatekey"
UNIT_TESTS = REPOSITORY / "tests" / "unit"
DOCS = REPOSITORY / "docs"
INDEX = DOCS / "README.md"

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
"""Lines with the docstring; the aim is 40 without it."""

# Put together here, so that this file does not name what no file may name.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),  # golang.org itself begins the names of modules
        ("sum", "golang", "org"),
        ("debian", "org"),
    )
]
MACHINE_FOLDERS = ["work", "root", r"home/\w+", "Users", "/".join(["tmp", "probe"])]  # noqa: FLY002 - see above
MACHINE_PATH = re.compile(rf"(?<![\w.~$}}])/(?:{'|'.join(MACHINE_FOLDERS)})(?:/|\b)")


@cache
def files() -> tuple[Path, ...]:
    """
    Every file that is, or is about to be, under version control.
    """
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the developer's own git
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = (REPOSITORY / name for name in listing.split("\0") if name)
    return tuple(sorted({path for path in paths if path.is_file() and "vendor" not in path.parts}))


def texts() -> dict[Path, str]:
    found = {}
    for path in files():
        try:
            found[path] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture, a font
    return found


def modules(folder: Path = SOURCE) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py"))}


def short(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{short(path)}:{number}: {line.strip()[:120]}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_every_link_between_documents_leads_somewhere() -> None:
    lost = []
    for path, text in texts().items():
        if path.suffix != ".md":
            continue
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            document = (path.parent / name).resolve() if name else path
            if not document.exists() or (anchor and anchor not in anchors_of(document)):
                lost.append(f"{short(path)}: {target}")

    assert [] == lost


def test_the_index_leads_to_every_page() -> None:
    pages = {path for path in texts() if path.suffix == ".md" and path.is_relative_to(DOCS) and path != INDEX}
    linked = {
        (DOCS / target.partition("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s:]+)\)", INDEX.read_text())
    }
    missing = [short(page) for page in sorted(pages - linked) if page.parent != DOCS / "decisions"]

    assert [] == missing


def anchors_of(document: Path) -> set[str]:
    """
    The anchors that code hosts make of headings.
    """
    headings = re.findall(r"^#+ +(.+?) *$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(rf"\b{re.escape(host)}\b" for host in REGISTRY_HOSTS))

    assert [] == lines_that_match(hosts)


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert [] == lines_that_match(MACHINE_PATH)


def test_every_package_has_a_charter() -> None:
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    without = [
        short(folder)
        for folder in sorted(folders)
        if not (folder / "__init__.py").exists()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]

    assert [] == without


def test_no_source_file_is_longer_than_one_can_read() -> None:
    long = [short(path) for path in SOURCE.rglob("*.py") if len(path.read_text().splitlines()) > LONGEST_FILE]

    assert [] == long


def test_no_function_is_longer_than_one_can_grasp() -> None:
    long = [
        f"{short(path)}:{node.lineno} {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]

    assert [] == long


def test_every_silenced_warning_says_why() -> None:
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?!.*(?: - | # |\] # ).*\w)")
    python = {path for path in files() if path.suffix == ".py" and path != Path(__file__)}
    found = [line for line in lines_that_match(silenced) if REPOSITORY / line.split(":")[0] in python]

    assert [] == found


def test_the_client_software_needs_nothing_but_python() -> None:
    own = [SOURCE / "errors.py", *(SOURCE / "wire").rglob("*.py"), *(SOURCE / "client").rglob("*.py")]
    own = [path for path in own if "integrations" not in path.parts]  # each needs the library it is for, by an extra
    foreign = [
        f"{short(path)}: {name}"
        for path in own
        for name in imported(ast.parse(path.read_text()))
        if name.split(".")[0] not in {*sys.stdlib_module_names, "gatekey"}
    ]

    assert [] == foreign


def imported(module: ast.Module) -> list[str]:
    names = []
    for node in ast.walk(module):
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(name), level=0):
                names.append(name)
    return names


def test_unit_tests_mirror_the_source() -> None:
    strangers = []
    for path in UNIT_TESTS.rglob("test_*.py"):
        mirrored = SOURCE / path.relative_to(UNIT_TESTS).parent / path.name.removeprefix("test_")
        if not mirrored.exists() and not mirrored.with_suffix("").is_dir():
            strangers.append(short(path))

    assert [] == strangers
