"""The wire: packets, Socket.IO, HTTP and the servers below them."""
