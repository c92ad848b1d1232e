"""A client of the API that works offline; see README.md."""
