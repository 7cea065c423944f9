"""What a model does to speech: scores beside public systems, harm, and the pages that say so."""
