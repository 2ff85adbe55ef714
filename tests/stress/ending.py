"""The operations that end pools, and put new ones in their places. A signal may raise anywhere in this
file."""

from __future__ import annotations

import gc
from random import Random

from subjects import Subject, Subjects
from verdict import count
from work import FLAWS


def end(subject: Subject, rng: Random) -> None:
    """By any of the ways there are; with or without the wait."""
    faces = subject.faces
    if faces is None:
        return
    way = rng.choice(["close", "terminate", "shutdown", "shutdown and cancel"])
    count(f"end: {way}")
    subject.acts |= {"end"} | {"terminate": {"terminate"}, "shutdown and cancel": {"cancel"}}.get(way, set())
    try:
        if way == "close":
            faces.pool.close()
        elif way == "terminate":
            faces.pool.terminate()
        else:
            wait, timeout = rng.random() < 0.5, rng.choice([None, 0, 0.001])
            cancel = way == "shutdown and cancel"
            if faces.executor.shutdown(wait, cancel_futures=cancel, timeout=timeout):
                subject.check_joined()
    except tuple(FLAWS):
        count("error: of a callback, raised by shutdown")  # which has cancelled the future


def end_one(subjects: Subjects, rng: Random) -> None:
    subject = subjects.places[rng.randrange(len(subjects.places))]
    if subject is not None:
        end(subject, rng)


def renew_one(subjects: Subjects, rng: Random) -> None:
    """Retires one that is ended or is ended then: wholly, by dropping it, or by whoever comes at last."""
    place = rng.randrange(len(subjects.places))
    subject = subjects.places[place]
    if not subjects.renew(place, subject, rng) or subject is None:
        return
    way = rng.choice(["join", "join", "drop", "leave"])
    count(f"retired: {way}")
    if way == "join":
        end(subject, rng)
        join(subject)
        subject.let_go(False)
    elif way == "drop":
        subject.let_go(rng.random() < 0.7)
        if rng.random() < 0.3:
            gc.collect()


def join(subject: Subject) -> None:
    """Of one that has been ended."""
    faces = subject.faces
    if faces is not None:
        faces.pool.join()
        subject.check_joined()
        subject.check_left()


def collect_garbage() -> None:
    gc.collect()
