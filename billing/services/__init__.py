"""What a company does about its billing: buy, change, end, pause, and say who pays.

Each service takes steps: it writes what it is going to tell Stripe, commits, tells it, and writes what came of it. Whatever was
killed in between is taken up when it is asked again.
"""
