"""Layers with explicit state for models that bring none of their own."""
