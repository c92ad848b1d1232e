"""The people who run the platform: their accounts, their pages, and what they did there."""
