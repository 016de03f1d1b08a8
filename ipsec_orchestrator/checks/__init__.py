"""The prerequisites of the how-to as pure checks over facts, one topic a file."""
