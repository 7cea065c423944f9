"""The network as an ONNX graph: writing it, finding its layers, counting what onnxruntime runs."""
