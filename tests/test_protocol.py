"""csrc/PROTOCOL.md, the C code, and the models name the same rules."""

from __future__ import annotations

import re
from pathlib import Path

CSRC = Path(__file__).parent.parent / "csrc"


def found(pattern: str, *paths: Path) -> set[str]:
    return {rule for path in paths for rule in re.findall(pattern, path.read_text(), re.MULTILINE)}


def test_the_rules_are_the_same_everywhere() -> None:
    code = found(
        r"TM_RULE\(([A-Z]\d+)\)", *[path for path in CSRC.glob("src/*.[ch]") if path.stem != "rules"]
    )
    document = found(r"^\* \*\*([A-Z]\d+)\*\*", CSRC / "PROTOCOL.md")
    models = found(r"\bMUTANT_([A-Z]\d+)", *CSRC.glob("model/*.pml"))
    checked = {
        rule
        for line in re.findall(
            r"\bmutants \w+ '.*' (.+)$", (CSRC / "model/check.sh").read_text(), re.MULTILINE
        )
        for rule in line.split()
    }
    assert len(code) > 30
    assert document == code
    assert models == code
    assert checked == code
