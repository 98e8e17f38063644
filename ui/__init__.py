"""The window: the only layer that imports Qt.

It shows what app/ knows and sends what a person decides; it holds no rule of its own about brands, exposure or runs.
Events of a running job reach it through a mailbox that is drained ten times a second, never as one signal each.
"""
