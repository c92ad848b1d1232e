"""What a tenant may use: worked out from what is known, explained, and given."""
