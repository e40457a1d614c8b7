"""Azure SQL: servers, databases, authentication (SQL)."""

from mzaudit.engine.rule import Area

AREA = Area("SQL", "the databases: one server, no passwords, the documented users")
