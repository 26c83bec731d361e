"""Models: the registry of packaged files, their cards, and running them with ONNX Runtime."""
