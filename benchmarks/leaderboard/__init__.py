"""Every system on every corpus, judged alike: ``python -m benchmarks.leaderboard``."""
