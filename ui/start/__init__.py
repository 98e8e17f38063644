"""The start page: the sources of the library, and what to do first."""
