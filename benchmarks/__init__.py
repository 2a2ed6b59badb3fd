"""Measure the library against the limit and against its peers: `python -m benchmarks`, or `make bench`."""
