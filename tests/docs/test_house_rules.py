"""
The rules of the house that no ready-made tool checks; `scripts/check` runs this file.
"""

import ast
import re
import subprocess
import sys
import tomllib
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

FULL_FOLDER = 12
"""Modules beside `__init__.py`: what one can hold in mind."""

FIFTH = 0.2
"""Lines of docstrings to lines of code."""

RETIRED = re.compile(
    "bar|board|dataplane|desk|door|edition|guarding|hands|held|issuing|kept|later|meanwhile|people|rooms?|sparing|turn|"
    "visit|wire|wish"
)
"""Words of our own for what has a name in the field (docs/explanation/glossary.md)."""

ONE_MEANING = {"TokenAuth"}
"""The same thing for several libraries, named alike so that who changes the library changes nothing else."""

WITH_BODY = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

# What breaks these rules today: nothing is added and no number grows; who mends one takes it out.
EXCEPTIONS = tomllib.loads(Path(__file__).with_name("exceptions.toml").read_text())

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


def overgrown(found: dict[str, float], allowed: dict[str, float], usual: float) -> list[str]:
    """
    What is above its bound, and the bounds that are needed no longer.
    """
    above = [f"{name}: {size:g}" for name, size in found.items() if size > allowed.get(name, usual)]
    return above + [f"{name} needs no exception any more" for name in allowed if found.get(name, 0) <= usual]


def test_no_folder_has_more_modules_than_one_can_hold_in_mind() -> None:
    sizes: dict[str, float] = {}
    for path in files():
        if path.suffix == ".py" and path.name != "__init__.py" and "examples" not in path.parts:
            sizes[short(path.parent)] = sizes.get(short(path.parent), 0) + 1

    assert [] == overgrown(sizes, EXCEPTIONS["modules"], FULL_FOLDER)


def test_docstrings_do_not_outgrow_the_code() -> None:
    shares = {}
    for tree in ("src/gatekey", "tests", "benchmarks"):
        told = code = 0
        for path in files():
            if path.suffix == ".py" and path.is_relative_to(REPOSITORY / tree):
                text = path.read_text()
                lines = lines_of_docstrings(ast.parse(text))
                filled = {number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*[^\s#]", line)}
                told, code = told + len(filled & lines), code + len(filled - lines)
        shares[tree] = told / code

    assert [] == overgrown(shares, EXCEPTIONS["docstrings"], FIFTH)


def lines_of_docstrings(module: ast.Module) -> set[int]:
    bodies = [node.body for node in ast.walk(module) if isinstance(node, WITH_BODY)]
    texts = [part for body in bodies for part in body if isinstance(part, ast.Expr) and is_text(part.value)]
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def public_types() -> dict[str, list[str]]:
    """
    Where each public class and type alias is defined.
    """
    found: dict[str, list[str]] = {}
    for path, module in modules().items():
        for node in module.body:
            match node:
                case ast.ClassDef(name=name) if not name.startswith("_"):
                    found.setdefault(name, []).append(short(path))
                case ast.Assign(targets=[ast.Name(id=name)]) if re.match("[A-Z][a-z]", name):
                    found.setdefault(name, []).append(short(path))
    return found


def test_no_public_type_has_two_meanings() -> None:
    several = {name: places for name, places in public_types().items() if len(places) > 1 and name not in ONE_MEANING}
    allowed = set(EXCEPTIONS["names"]["several-meanings"])

    assert {} == {name: places for name, places in several.items() if name not in allowed}
    assert set() == allowed - several.keys(), "they need no exception any more"


def test_no_retired_word_comes_back() -> None:
    names = [*public_types(), *(path.stem for path in modules())]
    for module in modules().values():
        names += [node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    words = {name: re.findall("[A-Z]?[a-z]+", name) for name in names if not name.startswith("_")}
    found = {name for name, parts in words.items() if any(RETIRED.fullmatch(part.lower()) for part in parts)}
    allowed = set(EXCEPTIONS["names"]["retired"])

    assert set() == found - allowed
    assert set() == allowed - found, "they need no exception any more"


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
