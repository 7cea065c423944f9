"""Train, export, quantize, verify and evaluate streaming speech denoisers. The only package that imports torch."""

import edge_server as _edge_server  # noqa: F401  It keeps onnxruntime from reporting its use, before anything imports it.
