"""Tokens and pairing."""
