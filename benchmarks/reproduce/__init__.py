"""The paper's tables and figures, on a corpus at hand.

Run from the root of the repository: ``python -m benchmarks reproduce``.
"""
