"""What the outside world must offer: one Protocol a file, values in, values out, typed errors."""
