"""Two small modules that only the tests install: `lending` stands on `library` and may be off."""
