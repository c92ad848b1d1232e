"""What changed since a reader last looked: the audit, read as a feed.

An entry of the audit has the transaction that wrote it, so the entries that one snapshot of PostgreSQL sees and an
earlier one did not are exactly what was committed between the two. `feed` reads them, `judging` says what each is to
this reader now, `cursor` is where the reader has got to.
"""
