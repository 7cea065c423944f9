"""Samples in, samples out: pure NumPy, SciPy, soxr and libsndfile; no sockets."""
