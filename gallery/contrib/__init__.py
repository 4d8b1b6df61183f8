"""How operators beside ONNX's own lay out what they read and make: what several stages ask of them.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""
