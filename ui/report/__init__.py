"""The report: exposure table, plots and export."""
