import subprocess
import sys
from pathlib import Path

import pytest

import gatekey

STUB = Path(gatekey.__file__).with_suffix(".pyi").read_text()


@pytest.mark.parametrize("name", gatekey.__all__)
def test_every_public_name_is_there_for_programs_and_for_type_checkers(name: str) -> None:
    assert getattr(gatekey, name).__name__ == name
    assert f"import {name} as {name}\n" in STUB


def test_a_name_that_is_none_is_told_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'gatekey' has no attribute 'Nonsense'"):
        _ = gatekey.Nonsense  # type: ignore[attr-defined] # the claim of this test
    assert {"TokenSource", "__version__"} <= set(dir(gatekey))


def test_importing_loads_nothing_that_is_not_asked_for() -> None:
    program = "import sys; import gatekey; print([name for name in sys.modules if name.startswith('gatekey.')])"

    assert "[]\n" == subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", ["asyncio", "ssl", "http.client", "urllib.request", "logging", "random", "email"])
def test_a_source_for_threads_does_without_what_it_does_not_need_yet(module: str) -> None:
    program = f"import sys; from gatekey import TokenSource; print({module!r} in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "False\n" == done.stdout
