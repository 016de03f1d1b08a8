"""Questions about the world and the pure parsers of their answers, one topic a file."""
