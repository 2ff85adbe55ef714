"""Runs cases once in this process, with tiny numbers: to see that they run, and give right results."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Sequence

from benchmarks.case import Case
from benchmarks.registry import subjects_of
from benchmarks.subjects import Subject


def smoke(cases: Sequence[Case]) -> int:
    """Says what fails; gives the number of failures."""
    failures = passed = 0
    for case in cases:
        if reason := case.lacks():
            print(f"{case.id}: left out, {reason}")
            continue
        for subject in subjects_of(case):
            gc.freeze()  # what is there already need not be collected before each pass
            try:
                run_once(case, subject)
                passed += 1
            except Exception:
                failures += 1
                print(f"{case.id} on {subject.id}:\n{traceback.format_exc()}")
        print(f"{case.id}: run", flush=True)
    print(f"{passed} passed, {failures} failed")
    return failures


def run_once(case: Case, subject: Subject) -> None:
    with case.prepare(subject, case.size_for(subject, case.size.smoke)) as once:
        values = once()
    known = [figure.id for figure in case.figures]
    unknown = [name for name in values if name not in known]
    wrong = [name for name, value in values.items() if not 0 <= value < float("inf")]
    if unknown or wrong or known[0] not in values:
        raise ValueError(f"figures {values} of a case that has {', '.join(known)}")
