"""The profile of the property-based tests: the same examples in every run."""

from hypothesis import settings

settings.register_profile(
    "stable", derandomize=True, database=None, deadline=None, max_examples=25
)
settings.load_profile("stable")
