"""What the owner sees of the box, and may do with it."""
