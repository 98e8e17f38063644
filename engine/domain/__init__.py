"""Domain types: frozen records, exact time, geometry and the error tree. Nothing here does I/O."""
