"""Benchmarks: how fast the product is beside the least that its database could be asked for the same.

Each file measures one thing and names what it is measured against, its *floor*. Product and floor take turns in the same
run on the same database, so that a busy machine slows both; the ratio is the median over the turns of the floor's time
by the product's. 1.0 is as fast as the floor, 0.5 half as fast.
"""
