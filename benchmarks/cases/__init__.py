"""The cases, in the order of the report."""

from benchmarks.case import Case
from benchmarks.cases import free_threading, io, life, mapping, memory, overhead, round_trip, scaling, web

CASES: dict[str, Case] = {
    case.id: case
    for family in (overhead, round_trip, mapping, life, memory, io, web, scaling, free_threading)
    for case in family.CASES
}
