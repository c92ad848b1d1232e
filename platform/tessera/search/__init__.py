"""Full-text search inside a tenant: words in any order by their beginnings, in any case, accents aside; Chinese by any part.

PostgreSQL does it with the functions of `functions.sql`, which lie in the schema `ext`. A resource names the columns that
are searched, its model their index (`search_index`); the contract compares the two.
"""
