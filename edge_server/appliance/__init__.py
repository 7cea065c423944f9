"""What makes a computer a box: addresses, certificate, terminal."""
