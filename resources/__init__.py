"""Resources: the data that ships with Sponsight (profiles, brand books, icons, texts).

Files only, read through importlib.resources, so that they are found alike in a checkout, an installed wheel and a
bundle. Nothing here imports any other layer.
"""
