"""Denoising of arrays and files with the live engine, without a server."""
