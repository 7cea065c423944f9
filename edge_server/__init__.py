"""The Hushbox service: many noisy voices in, one model run, clean voices out."""

import os

# onnxruntime reports its use to its maker unless this is set before it is imported. Nothing leaves the network here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
