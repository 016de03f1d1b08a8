"""Ways to people and to the logs of the system: one kind of channel a module."""
