"""The tests, and what contributors run beside them: `python -m tests.bench` and `python -m tests.shots`."""
