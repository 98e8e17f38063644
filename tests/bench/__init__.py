"""Benchmarks: figures measured here, side by side with a baseline. Opt-in: `./dev bench [NAME…]`."""
