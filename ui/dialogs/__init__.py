"""Dialogs and pop-ups: palette, shortcuts, preferences, about, logs, crash."""
