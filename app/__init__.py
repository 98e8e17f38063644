"""The application: every use case of Sponsight, with or without a window.

It owns the threads (job pools, the command bus), turns a person's intent into commands with an audit row and an
undo, lays decisions over what the engine found, and serves both the command line and the window. No Qt, and no
heavy library at import time: decoding, inference and model clients are loaded by the function that needs them.
"""
