"""All subjects by name, and which of a case's are here."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks import pingpong
from benchmarks.case import Case
from benchmarks.cases import CASES
from benchmarks.cases.io import GREEDY_SUBJECT
from benchmarks.cases.life import THREAD_SUBJECT
from benchmarks.cases.round_trip import C_SUBJECTS
from benchmarks.peers import PEERS
from benchmarks.subjects import OWN, Subject

SUBJECTS: dict[str, Subject] = {
    subject.id: subject for subject in (*OWN, *PEERS, *C_SUBJECTS, THREAD_SUBJECT, GREEDY_SUBJECT)
}


def missing(subject: Subject) -> str:
    """Why the subject cannot be measured here; empty if it can."""
    if subject in C_SUBJECTS and pingpong.compiler() is None:
        return "there is no C compiler"
    return subject.missing()


def subjects_of(case: Case, wanted: Iterable[str] | None = None) -> list[Subject]:
    """The subjects of the case that are here, of those that are wanted."""
    names = set(case.subjects if wanted is None else wanted)
    names -= set(case.not_here)
    return [SUBJECTS[name] for name in case.subjects if name in names and not missing(SUBJECTS[name])]


def left_out(cases: Iterable[Case]) -> dict[str, str]:
    """What of the cases cannot be measured here, with the reason."""
    chosen = list(cases)
    reasons = {case.id: case.lacks() for case in chosen}
    names = {name: None for case in chosen for name in case.subjects}  # in their order, each once
    reasons |= {name: missing(SUBJECTS[name]) for name in names}
    return {name: reason for name, reason in reasons.items() if reason}


__all__ = ["CASES", "SUBJECTS", "left_out", "missing", "subjects_of"]
