"""Every screen and state of the window as PNG, from the real application on the real demo (`./dev shots`)."""
