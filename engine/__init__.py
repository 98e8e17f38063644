"""The engine: pure detection, from a video file to exposure figures in eight stages.

It knows video, pictures, text, brands and time, and nothing of windows, tables or the command line: no Qt, no SQL,
no threads of its own, no globals. Everything with an effect outside (clock, blobs, parts, models, network, parallel
work, progress) reaches a stage through its context, so that the same input always gives the same output, whoever
runs it and over however many workers. It imports nothing of app, ui, storage or resources.
"""
