"""App Service: the documented backends, their plans, their identity (APP)."""
