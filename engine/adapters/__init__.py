"""Adapters: the only modules that know PyAV, OpenCV, onnxruntime, OpenVINO, RapidOCR's model files and HTTP.

Each turns one foreign library into the engine's own records and errors, and is imported only by whoever needs it,
because loading these libraries takes longer than painting the window.
"""
