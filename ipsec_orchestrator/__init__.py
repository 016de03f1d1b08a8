"""IPsec transport mode for Windows domains by Group Policy: planned, applied, proved, undone."""

__version__ = "0.1.0"
