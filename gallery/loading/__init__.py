"""What `load` needs to read an ONNX file: wire format, graphs, shapes and layer names."""
