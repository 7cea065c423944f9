"""Train, export, quantize, verify and evaluate streaming speech denoisers. The only package that imports torch."""
