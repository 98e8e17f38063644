"""The timeline: one row per brand with its detections as heat, decided and undecided marks, shots, the playhead."""
