"""Find marks by look: references searched in stored frames, verified on the pixels, linked over time."""
