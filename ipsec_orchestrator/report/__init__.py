"""Values to text, tables and JSON documents; pure."""
