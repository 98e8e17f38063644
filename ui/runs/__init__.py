"""Runs: progress, settings, plan, thresholds, lineage and differences."""
