"""APP-002: the app is of the documented kind, on Linux, and runs the documented container or stack."""

from mzaudit.engine import Evidence, Fail, Pass, Severity, Verdict, every, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service
from mzaudit.facts.app_images import run_documented
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.web import Runtime

_CONTAINER_FORMS = ("docker", "compose", "sitecontainers")
_FUNCTION, _WORKFLOW = "functionapp", "workflowapp"


@rule(
    "APP-002",
    title="The app runs what is documented, on Linux",
    severity=Severity.HIGH,
    over=each_service,
    guards=(Demand.CONTAINERS,),
    requires=("APP-001",),
)
def documented_runtime(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The app runs on Linux (`reserved` is true) and is of the documented kind, a web app or a function app; a logic app
    is neither. A service that `runs: container` has a `linuxFxVersion` of `DOCKER|…`, `COMPOSE|…` or `sitecontainers`,
    in any case; one on a runtime stack has that stack and version (`PYTHON|3.12`), a function app on the Flex
    Consumption plan in its `functionAppConfig`. `KUBE|…` and an empty value fail.

    Only `reserved` tells Linux from Windows. Of `kind`, which is free text, only `functionapp` and `workflowapp` count.
    A `windowsFxVersion` left on a Linux app has no effect; the finding mentions it.

    ## Why it matters
    An app on another runtime or on Windows does not run what was built and scanned.

    ## Remediation
    Configure the documented image or runtime stack. An app cannot be moved between Windows and Linux or changed to
    another kind: create a new one.

    ## References
    - https://learn.microsoft.com/azure/app-service/configure-custom-container
    - https://learn.microsoft.com/azure/app-service/overview-hosting-plans
    - https://learn.microsoft.com/azure/azure-functions/functions-app-settings
    """
    checks = (_linux, _container if want.stack is None else _stack)
    return every(checks, lambda check: check(want, seen), empty="Nothing to check.")


def _linux(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}"
    site = present(seen.site(want.id).properties, call)
    at = f"{want.id}/kind"
    is_function = any(kind.startswith(_FUNCTION) for kind in site.kind)
    is_workflow = any(kind.startswith(_WORKFLOW) for kind in site.kind)
    documented = "function app" if want.function else "web app"
    if is_workflow or is_function != want.function:
        return Fail(
            (Evidence(at, f"a {documented}", ",".join(site.kind)),),
            f"{want.app} is not a {documented}: its kind is {','.join(site.kind) or 'not said'}.",
            f"Create a {documented} on a Linux plan as a new app, or correct the policy; check first what runs here.",
            run_documented(want, seen),
        )
    if not require_field(site.reserved, call, "properties.reserved"):
        return Fail(
            (Evidence(f"{want.id}/properties/reserved", True, False),),
            f"{want.app} runs on Windows: it is not reserved.",
            f"Create a new Linux {documented} and move to it: the operating system cannot be changed.",
            run_documented(want, seen),
        )
    return Pass((Evidence(f"{want.id}/properties/reserved", True, True),))


def _container(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}/config/web"
    config = present(seen.site(want.id).config, call)
    at = f"{want.id}/config/web/properties/linuxFxVersion"
    runtime = require_field(config.runtime, call, "properties.linuxFxVersion")
    if runtime.form not in _CONTAINER_FORMS:
        image = f"the image of {want.repository}" if want.image is not None else "the documented image"
        return Fail(
            (Evidence(at, "DOCKER, COMPOSE or sitecontainers", _spelt(runtime) or runtime.form),),
            f"{want.app} {_what(runtime)}; it does not run a container image.",
            f"Configure {image}.",
            run_documented(want, seen),
        )
    left = "windowsFxVersion is set too, which has no effect on Linux" if config.windows_fx_version else ""
    return Pass((Evidence(at, "DOCKER, COMPOSE or sitecontainers", runtime.form, left),))


def _stack(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}/config/web"
    config = present(seen.site(want.id).config, call)
    at = f"{want.id}/config/web/properties/linuxFxVersion"
    runtime = require_field(config.runtime, call, "properties.linuxFxVersion")
    if runtime.form == "empty" and want.function:
        properties = seen.site(want.id).properties
        flexible = present(properties, f"GET {want.id}").function_runtime
        runtime, at = (flexible, f"{want.id}/properties/functionAppConfig/runtime") if flexible else (runtime, at)
    evidence = (Evidence(at, want.stack, _spelt(runtime) or runtime.form),)
    if runtime.form == "stack" and _spelt(runtime).casefold() == (want.stack or "").casefold():
        return Pass(evidence)
    return Fail(
        evidence,
        f"{want.app} {_what(runtime)}, not the documented stack {want.stack}.",
        f"Set the runtime of {want.app} to {want.stack}, or correct the policy.",
        run_documented(want, seen),
    )


def _spelt(runtime: Runtime) -> str:
    return f"{runtime.stack}|{runtime.version}" if runtime.version else runtime.stack


def _what(runtime: Runtime) -> str:
    return {
        "stack": f"runs the runtime stack {_spelt(runtime)}",
        "kube": "is configured for Kubernetes",
        "empty": "has no Linux image configured",
    }.get(runtime.form, "runs a container")
