"""What the watch tells: what has changed between passes, and its words for people and logs."""
