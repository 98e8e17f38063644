"""Models in the window: the page of the preferences, prices, keys, and the answers beside an item under review."""
