"""What can be told about a home."""
