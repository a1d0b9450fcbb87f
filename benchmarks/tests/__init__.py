"""Tests of the benchmarks that take long; `make test-benchmarks` runs them."""
