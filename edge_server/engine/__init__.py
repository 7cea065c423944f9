"""The model, its states, and the one thread that runs frames of many streams in one batch."""
