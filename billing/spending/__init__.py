"""The cap that a company sets on what it pays beside its plan."""
