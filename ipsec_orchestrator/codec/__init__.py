"""Bytes and text to values and back, pure: IPsec objects of the directory and Group Policy formats."""
