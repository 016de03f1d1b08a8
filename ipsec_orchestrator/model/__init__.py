"""Frozen values, standard library only: what is wanted, what was seen, what is to be done."""
