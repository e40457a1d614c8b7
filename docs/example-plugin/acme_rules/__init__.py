"""The rules of Acme."""

from acme_rules.no_deployment_access import no_deployment_access

__all__ = ["no_deployment_access"]
