"""The layer rule of ARCHITECTURE.md: a file uses only what stands before it in this list."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc" / "src"
PACKAGE = ROOT / "src" / "threadmill"

C_LAYERS = [
    {"atomics", "rules"},
    {"os_wait", "os_wait_posix", "os_wait_linux", "os_wait_win32", "os_wait_darwin", "os_wait_pthread"},
    {"lock", "parker", "spin"},
    {"latch", "atfork"},
    {"item", "idle", "batch", "crowd", "nap", "readers"},
    {"serial", "workq", "workq_law", "workq_worker", "workq_crowd", "outbox"},
    {"waits"},
]
PACKAGE_LAYERS = [
    {
        "_csrc",
        "_errors",
        "_give_way",
        "_registry",
        "_context",
        "_condition",
        "_asyncio",
        "_map_by_submit",
        "_greenlets",
        "_launch",
    },
    {"_core", "_core_job", "_core_outbox", "_core_fork"},
    {"_call", "_imap", "_executor_map"},
    {"_results", "_future", "_workers", "_blocking"},
    {"_map", "_views", "_exit", "_as_completed", "future"},
    {"_pool", "_executor"},
    {"pool", "executor"},
    {"_install", "joblib"},
    {"__init__"},
    {"demo", "run", "cli", "__main__"},
]
FACES = {"pool", "executor"}


def level(layers: list[set[str]], name: str) -> int:
    found = [i for i, layer in enumerate(layers) if name in layer]
    assert found, f"{name} is in no layer: add it to the list and to ARCHITECTURE.md"
    return found[0]


@pytest.mark.parametrize("path", sorted(CSRC.glob("*.[ch]")), ids=lambda path: path.name)
def test_c_file_includes_only_what_lies_below(path: Path) -> None:
    text = path.read_text()
    assert "Python.h" not in text
    for name in re.findall(r'#include "(\w+)\.[ch]"', text):
        assert level(C_LAYERS, name) <= level(C_LAYERS, path.stem), f"{path.name} includes {name}"
        of_one = any(path.stem.startswith(part) and name.startswith(part) for part in ("os_wait", "workq"))
        assert name == path.stem or of_one or level(C_LAYERS, name) < level(C_LAYERS, path.stem)


@pytest.mark.parametrize(
    "path",
    sorted(path for path in PACKAGE.iterdir() if path.suffix in {".py", ".pyx", ".pxd", ".pxi"}),
    ids=lambda p: p.name,
)
def test_module_uses_only_what_lies_below(path: Path) -> None:
    text = path.read_text()
    used = set(re.findall(r"^\s*from threadmill\.(\w+)[\w.]* c?import", text, re.MULTILINE))
    used |= {
        name.strip()
        for names in re.findall(r"^\s*from threadmill import \(?([\w, ]+)", text, re.MULTILINE)
        for name in names.split(",")
        if (PACKAGE / f"{name.strip()}.py").exists()
    }
    own = level(PACKAGE_LAYERS, path.stem)
    if path.stem in FACES:  # each can be a view of the other, which it then imports at the call
        used -= FACES
    for name in used - {path.stem}:
        assert level(PACKAGE_LAYERS, name) < own or own == len(PACKAGE_LAYERS) - 1, f"{path.name} uses {name}"


def test_only_one_file_names_the_c_headers() -> None:
    naming = {path.name for path in PACKAGE.glob("*.p*") if re.search(r'from "\w+\.h"', path.read_text())}
    for path in PACKAGE.glob("*.p*"):
        headers = set(re.findall(r'extern from "(\w+)\.h"', path.read_text())) - {"_python", "Python"}
        assert not headers or path.name == "_csrc.pxd", f"{path.name} names {headers}"
    assert "_csrc.pxd" in naming
