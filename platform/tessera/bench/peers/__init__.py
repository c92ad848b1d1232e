"""Other ways to serve the list of customers, on the same tables: what graphene-django gives, without and with an optimizer.

Each is a small application of its own, with nothing between its server and its view: no tenants, rights, limits or sessions.
"""
