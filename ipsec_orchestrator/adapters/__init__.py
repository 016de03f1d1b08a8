"""The only code of the product that touches the world: one port and one technology a file."""
