"""APP-002: the backend is a container on Linux."""

from mzaudit.audit import Evidence, Fail, Pass, Severity, Verdict, every, rule
from mzaudit.audit.images import deploy
from mzaudit.audit.present import present, told
from mzaudit.audit.subjects import each_service
from mzaudit.policy.wanted import WantedService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved

_CONTAINER_FORMS = ("docker", "compose", "sitecontainers")


@rule(
    "APP-002",
    title="The app is a container on Linux",
    severity=Severity.HIGH,
    over=each_service,
    requires=("APP-001",),
)
def linux_container(want: WantedService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The app is reserved (Azure's word for Linux), `linux` is among its kinds in any case, it is no function or logic
    app, and `linuxFxVersion` is one of `DOCKER|…`, `COMPOSE|…` and `sitecontainers`, in any case. A runtime stack
    (`NODE|20-lts`), `KUBE|…`, an empty value and a Windows container (`windowsFxVersion`) fail. The word `container`
    among the kinds is free text and is not looked at.

    ## Why it matters
    An app on a runtime stack or on Windows does not run the image that was built, scanned and tagged by its commit.

    ## Remediation
    Configure the documented image. An app cannot be moved between Windows and Linux: create it again.

    ## References
    - https://learn.microsoft.com/azure/app-service/configure-custom-container
    - https://learn.microsoft.com/azure/app-service/overview-hosting-plans
    """
    return every((_linux, _container), lambda check: check(want, seen), empty="Nothing to check.")


def _linux(want: WantedService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}"
    site = present(seen.site(want.id).properties, call)
    at = f"{want.id}/kind"
    foreign = [kind for kind in site.kind if kind.startswith(("functionapp", "workflowapp"))]
    if foreign or (site.kind and "linux" not in site.kind):
        return Fail(
            (Evidence(at, "app,linux,container", ",".join(site.kind)),),
            f"{want.app} is no Linux web app: its kind is {','.join(site.kind)}.",
            "Create the app again as a Linux container app on a Linux plan.",
            deploy(want, seen, ""),
        )
    if site.reserved is False:
        return Fail(
            (Evidence(f"{want.id}/properties/reserved", True, False),),
            f"{want.app} runs on Windows: it is not reserved.",
            "Create the app again as a Linux container app on a Linux plan.",
            deploy(want, seen, ""),
        )
    told(site.reserved, call, "properties.reserved")
    if not site.kind:
        raise Unobserved(Gap(GapReason.MALFORMED, call, detail="the answer does not hold kind"))
    return Pass((Evidence(f"{want.id}/properties/reserved", True, True), Evidence(at, "linux", ",".join(site.kind))))


def _container(want: WantedService, seen: Snapshot) -> Verdict:
    config = present(seen.site(want.id).config, f"GET {want.id}/config/web")
    at = f"{want.id}/config/web/properties/linuxFxVersion"
    if config.windows_fx_version:
        return Fail(
            (Evidence(f"{want.id}/config/web/properties/windowsFxVersion", None, config.windows_fx_version),),
            f"{want.app} is configured with a Windows container.",
            "Create the app again as a Linux container app on a Linux plan.",
            deploy(want, seen, ""),
        )
    runtime = config.runtime
    if runtime.form not in _CONTAINER_FORMS:
        what = {
            "stack": f"runs the runtime stack {runtime.stack}",
            "kube": "is configured for Kubernetes",
        }.get(runtime.form, "has no image configured")
        return Fail(
            (Evidence(at, "DOCKER, COMPOSE or sitecontainers", runtime.stack or runtime.form),),
            f"{want.app} {what}; it does not run a container image.",
            f"Configure the image of {want.repository}.",
            deploy(want, seen, ""),
        )
    return Pass((Evidence(at, "DOCKER, COMPOSE or sitecontainers", runtime.form),))
