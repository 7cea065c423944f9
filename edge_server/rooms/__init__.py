"""Rooms: one voice, many who hear it clean."""
