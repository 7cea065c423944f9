"""What a model does to speech, silence and broken input that it should leave alone, measured through the server's engine."""
