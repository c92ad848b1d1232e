"""Subscriptions as server-sent events (graphql-sse, distinct connections), in an ASGI process of their own.

`app` speaks HTTP, `admission` lets a request in as `views` does, `hub` knows who listens in which tenant and wakes them,
`looking` finds what each of them is to be told. Between two looks no connection to the database is held.
"""
