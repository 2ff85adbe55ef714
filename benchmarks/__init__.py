"""Benchmarks of threadmill beside the standard library's pools, other libraries, and what the machine allows:
`python -m benchmarks --help`, or `make bench`."""
