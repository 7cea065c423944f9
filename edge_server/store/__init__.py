"""What a box remembers over restarts."""
