"""Fields that a tenant adds to records of its own accord."""
