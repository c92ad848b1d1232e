"""The files of a tenant: announced, brought, kept and counted in one place."""
