"""One process: one subject in one case. `python -m benchmarks.worker --case ID --subject ID --size N` and the
options of pyperf's workers: pyperf measures, calibrates, describes the machine and writes the result."""

from __future__ import annotations

from collections.abc import Callable

import pyperf

from benchmarks.case import Case, Pass, Values
from benchmarks.registry import CASES, SUBJECTS

# pyperf takes no value of 0: this stands for it.
ZERO = 1e-12


class Passes:
    """The passes of a case. Each gives all figures of the subject; pyperf asks for one figure after the
    other, and for equally many values of each: the first's are measured, the others' read from memory."""

    def __init__(self, case: Case, once: Pass, size: int) -> None:
        self._once = once
        self._first = case.figures[0].id
        self._tasks = size
        self._values: list[Values] = []
        self._next: dict[str, int] = {}

    def have(self, figure: str) -> bool:
        return figure == self._first or figure in self._values[0]

    def of(self, figure: str) -> Callable[[int], float]:
        def value(loops: int) -> float:
            """What pyperf calls a raw value: in all loops together."""
            if figure == self._first:
                passes = [self._once() for _ in range(loops)]
                self._values.append({name: sum(one[name] for one in passes) / loops for name in passes[0]})
                found = self._values[-1]
            else:
                index = self._next.get(figure, 0)
                self._next[figure] = index + 1
                found = self._values[index]
            return max(found[figure], ZERO) * self._tasks * loops

        return value


def main() -> None:
    runner = pyperf.Runner()
    runner.argparser.add_argument("--case", required=True, choices=CASES)
    runner.argparser.add_argument("--subject", required=True, choices=SUBJECTS)
    runner.argparser.add_argument("--size", required=True, type=int)
    args = runner.parse_args()
    case, subject = CASES[args.case], SUBJECTS[args.subject]
    size = case.size_for(subject, args.size)
    with case.prepare(subject, size) as once:
        passes = Passes(case, once, size)
        for figure in case.figures[:1] if args.calibrate_loops else case.figures:
            if passes.have(figure.id):
                runner.bench_time_func(
                    f"{case.id}/{subject.id}/{figure.id}",
                    passes.of(figure.id),
                    inner_loops=size,
                    metadata={"unit": figure.unit},
                )


if __name__ == "__main__":
    main()
