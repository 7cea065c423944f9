"""The Hushbox service: many noisy voices in, one model run, clean voices out."""

__version__ = "0.1.0"
