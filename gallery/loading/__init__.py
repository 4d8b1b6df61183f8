"""Loading: from an ONNX file to a `Model`, by wire format, graphs, shapes and layer names."""
