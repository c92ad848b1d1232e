"""What Stripe knows of our customers, kept here and compared with it."""
