"""What a company uses of what is limited, counted in the transaction that uses it."""
