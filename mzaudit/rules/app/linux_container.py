"""APP-002: the backend is a container on Linux."""

from mzaudit.engine import Evidence, Fail, Pass, Severity, Verdict, every, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service
from mzaudit.facts.app_images import deploy
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot

_CONTAINER_FORMS = ("docker", "compose", "sitecontainers")


@rule(
    "APP-002",
    title="The app is a container on Linux",
    severity=Severity.HIGH,
    over=each_service,
    guards=(Demand.CONTAINERS,),
    requires=("APP-001",),
)
def linux_container(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The app is reserved (Azure's word for Linux), it is no function or logic app, and `linuxFxVersion` is one of
    `DOCKER|…`, `COMPOSE|…` and `sitecontainers`, in any case. A runtime stack (`NODE|20-lts`), `KUBE|…` and an empty
    value fail.

    Only `reserved` tells Linux from Windows. `kind` is free text, of which nothing but `functionapp` and `workflowapp`
    is looked at. A `windowsFxVersion` that was left on a Linux app has no effect: the finding mentions it.

    ## Why it matters
    An app on a runtime stack or on Windows does not run the image that was built, scanned and tagged by its commit.

    ## Remediation
    Configure the documented image. An app cannot be moved between Windows and Linux: create another one beside it.

    ## References
    - https://learn.microsoft.com/azure/app-service/configure-custom-container
    - https://learn.microsoft.com/azure/app-service/overview-hosting-plans
    """
    return every((_linux, _container), lambda check: check(want, seen), empty="Nothing to check.")


def _linux(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}"
    site = present(seen.site(want.id).properties, call)
    at = f"{want.id}/kind"
    foreign = [kind for kind in site.kind if kind.startswith(("functionapp", "workflowapp"))]
    if foreign:
        return Fail(
            (Evidence(at, "a web app", ",".join(site.kind)),),
            f"{want.app} is no web app: its kind is {','.join(site.kind)}.",
            f"Run the image of {want.repository} in a web app on a Linux plan; see first what runs here.",
            deploy(want, seen, ""),
        )
    if not require_field(site.reserved, call, "properties.reserved"):
        return Fail(
            (Evidence(f"{want.id}/properties/reserved", True, False),),
            f"{want.app} runs on Windows: it is not reserved.",
            "Create a Linux container app on a Linux plan beside it, and move over: the system cannot be changed.",
            deploy(want, seen, ""),
        )
    return Pass((Evidence(f"{want.id}/properties/reserved", True, True),))


def _container(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}/config/web"
    config = present(seen.site(want.id).config, call)
    at = f"{want.id}/config/web/properties/linuxFxVersion"
    runtime = require_field(config.runtime, call, "properties.linuxFxVersion")
    if runtime.form not in _CONTAINER_FORMS:
        what = {
            "stack": f"runs the runtime stack {runtime.stack}",
            "kube": "is configured for Kubernetes",
        }.get(runtime.form, "has no Linux image configured")
        return Fail(
            (Evidence(at, "DOCKER, COMPOSE or sitecontainers", runtime.stack or runtime.form),),
            f"{want.app} {what}; it does not run a container image.",
            f"Configure the image of {want.repository}.",
            deploy(want, seen, ""),
        )
    left = "windowsFxVersion is set too, which has no effect on Linux" if config.windows_fx_version else ""
    return Pass((Evidence(at, "DOCKER, COMPOSE or sitecontainers", runtime.form, left),))
