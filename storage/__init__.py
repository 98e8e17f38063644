"""Storage: one library folder with an SQLite database and a content-addressed store of files.

The only place with SQL. It implements the engine's ports (parts, blobs) and keeps jobs, brands, sightings and
decisions. Every write is one IMMEDIATE transaction; files are put in place before the row that names them, so a
crash leaves at worst an orphan file and never a wrong result. It knows the engine's records, not how they are made.
"""
