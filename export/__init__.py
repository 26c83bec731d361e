"""Export: networks written as ONNX files, each with its model card and a checked parity."""
