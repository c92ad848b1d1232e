"""Host -> tenant: every request is inside one tenant, or on the accounts host, or unknown."""
