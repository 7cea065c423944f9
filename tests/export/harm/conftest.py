"""The recordings in the repository, as pairs."""

from tests.recorded_pairs import pairs, pairs_folder

__all__ = ["pairs", "pairs_folder"]
