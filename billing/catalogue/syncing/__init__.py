"""The parts of the way to Stripe: what is found there, which steps lead from it to the catalogue, and the calls that write."""
