"""Azure SQL: servers, databases, authentication (SQL)."""
