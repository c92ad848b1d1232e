"""What people put on any record: comments, files and tags."""
