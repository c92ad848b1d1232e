"""Everything a machine with only Python needs: PostgreSQL and Valkey from wheels, and the supervisor over them."""
