"""The witnesses: where each program is, how it is asked, and how its answer reads."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mzaudit.simulator import Simulator
from tests.witness.claims import Said, WitnessName

_INSTALLED = Path(__file__).parent.parent.parent / ".witness"
_LONGEST = 400  # seconds: Prowler alone takes a minute or two to start on a slow machine


def find(name: WitnessName) -> str | None:
    """The path of a witness: what `make witness` installed, else what is on PATH."""
    installed = _INSTALLED / name / "bin" / name
    return str(installed) if installed.is_file() else shutil.which(name)


@dataclass(frozen=True, slots=True)
class Heard:
    """How a program left, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Stand:
    """A running simulator and an empty folder in which witnesses run, with none of this machine's own settings."""

    simulator: Simulator
    folder: Path

    def run(self, program: Sequence[str], **more: str) -> Heard:
        """Run a program with the simulator's variables and nothing else that could lead it anywhere."""
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        logins = {"AZURE_CONFIG_DIR": str(self.folder / "azure-cli")}  # a stand's own: the CLI keeps tokens there
        done = subprocess.run(
            program,
            env=own | self.simulator.environ() | logins | more,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        return Heard(done.returncode, done.stdout, done.stderr)

    def az(self, program: str, arguments: str) -> Heard:
        """One command of the Azure CLI."""
        quiet = {"AZURE_CORE_COLLECT_TELEMETRY": "false", "AZURE_CORE_NO_COLOR": "true"}
        return self.run([program, *shlex.split(arguments), "--output", "json"], **quiet)

    def login(self, program: str, secret: str | None = None) -> Heard:
        """Log the Azure CLI in as the auditor."""
        to = self.simulator
        secret = secret or to.client_secret
        return self.az(program, f"login --service-principal -u {to.client_id} -p {secret} --tenant {to.tenant_id}")

    def custodian(self, program: str, resources: Iterable[str]) -> Mapping[str, Said]:
        """The ids of everything that Cloud Custodian finds of each kind of resource, asked in one run."""
        policies = [{"name": resource, "resource": f"azure.{resource}"} for resource in resources]
        (self.folder / "policies.json").write_text(json.dumps({"policies": policies}))
        heard = self.run([program, "run", "--output-dir", "custodian", "--cache-period", "0", "policies.json"])
        assert heard.code == 0, heard.err
        found = {path.parent.name: json.loads(path.read_text()) for path in self.folder.glob("custodian/*/*s.json")}
        return {name: [one["id"] for one in bodies] for name, bodies in found.items()}

    def prowler(self, program: str, checks: Iterable[str]) -> Mapping[str, Said]:
        """What Prowler finds by each of its checks, asked in one run: pairs of a resource's name and a status."""
        asked = ["azure", "--sp-env-auth", "--subscription-id", self.simulator.subscription_id, "--checks", *checks]
        heard = self.run([program, *asked, "-M", "json-ocsf", "-o", str(self.folder), "-F", "prowler", "--no-banner"])
        assert heard.code in (0, 3), heard.out + heard.err  # 3: some check has failed
        answers: dict[str, Said] = {}
        for finding in json.loads((self.folder / "prowler.ocsf.json").read_text()):
            said = [finding["resources"][0]["name"], finding["status_code"]]
            answers.setdefault(finding["metadata"]["event_code"], []).append(said)
        return answers
