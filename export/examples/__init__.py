"""Worked examples of the model contract, each written from its paper."""
