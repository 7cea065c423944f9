"""The page that people read and the charts on it."""
