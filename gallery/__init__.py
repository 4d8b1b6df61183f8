"""Brain scans of neural networks, from ONNX files to a static gallery."""
