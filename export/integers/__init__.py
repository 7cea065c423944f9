"""From a float graph to an integer one: ranges, weights, the choice of layers and of the form."""
