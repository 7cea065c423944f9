"""Model cards: NAME.md, written from the manifest, the curve and an evaluation, never by hand."""
