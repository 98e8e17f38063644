"""The frame canvas: picture, boxes by state, labels, zoom and pan, drawing and correcting boxes."""
