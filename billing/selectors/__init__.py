"""What a company is told of what it bought, uses and owes."""
