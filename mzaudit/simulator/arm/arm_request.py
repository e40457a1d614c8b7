"""One authenticated request to the simulated Azure Resource Manager, and the check of its caller's rights."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.simulator.arm import rbac
from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, error


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """A request with its estate and its caller."""

    estate: Estate
    call: HttpRequest
    client_id: str
    oid: str

    @property
    def page_size(self) -> int:
        """How many items a page holds: the estate's size, or less when the caller asked for less."""
        asked = [self.call.query[name] for name in ("$top", "$maxpagesize") if name in self.call.query]
        return min([self.estate.page_size, *(int(one) for one in asked if one.isdecimal() and int(one) > 0)])

    def forbidden(self, action: str, scope: str) -> HttpResponse | None:
        """The 403 for a caller who may not perform the action at the scope; None for one who may."""
        if rbac.may(self.estate, self.oid, action, scope):
            return None
        deny = rbac.denial(self.estate, self.oid, action, scope)
        if deny is not None:
            text = (
                f"The client '{self.client_id}' with object id '{self.oid}' has permission to perform action "
                f"'{action}' on scope '{scope}'; however, the access is denied because of the deny "
                f"assignment with name '{deny['properties']['denyAssignmentName']}' and Id '{deny['name']}' at scope "
                f"'{deny['properties']['scope']}'."
            )
            return error(403, "DenyAssignmentAuthorizationFailed", text, {"x-ms-failure-cause": "gateway"})
        text = (
            f"The client '{self.client_id}' with object id '{self.oid}' does not have authorization to perform action "
            f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
            "your credentials."
        )
        return error(403, "AuthorizationFailed", text, {"x-ms-failure-cause": "gateway"})
