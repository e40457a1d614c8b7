"""Policy files read and checked: everything that is wrong is said at once, each with its file and line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from mzaudit.policy import check, document, waivers
from mzaudit.policy.complaints import Complaint, Contradiction, Steps, refuse
from mzaudit.policy.document import Document, Tree
from mzaudit.policy.expected import complain
from mzaudit.policy.models import Policy, Strict
from mzaudit.policy.requirements import Requirement, Requirements, check_ids
from mzaudit.policy.stand_in import stand_ins
from mzaudit.policy.waivers import Waiver, WaiverFile
from mzaudit.policy.wanted import Where

REQUIREMENTS = "requirements.yaml"
WAIVERS = "waivers.yaml"

M = TypeVar("M", bound=Strict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy with its requirements and waivers.

    `where(*path)` tells the `file:line` that states a place of the policy; `files` are those read, as findings name
    them; `notes` say where the document asks for what Azure cannot hold.
    """

    policy: Policy
    requirements: tuple[Requirement, ...]
    waivers: tuple[Waiver, ...]
    where: Where
    files: tuple[str, ...]
    notes: tuple[check.Note, ...]


def load(path: Path, name: str | None = None) -> Loaded:
    """Read a policy: one file, or a directory of `*.yaml` over which the policy's top-level keys are split.

    In a directory `requirements.yaml` and `waivers.yaml` hold what their names say, and files that start with a dot
    are passed over. `name` is what complaints and findings call `path`. Raises `PolicyError` with every complaint.
    """
    shown = path.as_posix() if name is None else name
    try:
        if not path.is_dir():
            return _checked(shown, {shown: document.read(path, shown)})
        found = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        reason = str(error.strerror or "an error").lower()
        return refuse([Complaint(shown, 1, "file", "a readable file or directory", reason)])
    if misnamed := [entry for entry in found if entry.endswith(".yml")]:
        return refuse(Complaint(f"{shown}/{entry}", 1, "file", "the ending .yaml", ".yml") for entry in misnamed)
    documents = {entry: document.read(path / entry, f"{shown}/{entry}") for entry in found if entry.endswith(".yaml")}
    if not documents.keys() - {REQUIREMENTS, WAIVERS}:
        return refuse([Complaint(shown, 1, "file", "a directory with a policy (*.yaml)", "none in it")])
    return _checked(shown, documents)


def _checked(shown: str, documents: dict[str, Document]) -> Loaded:
    files = tuple(part.file for part in documents.values())
    catalogue = documents.pop(REQUIREMENTS, None)
    waived = documents.pop(WAIVERS, None)
    whole = _joined(shown, tuple(documents.values()))
    policy, policies, unshaped = _validated(Policy, whole)
    _contradicted(whole, [set(check.contradictions(each)) for each in policies], unshaped)
    requirements, *_ = _validated(Requirements, catalogue) if catalogue is not None else (None,)
    if catalogue is not None and requirements is not None:
        check_ids(requirements, catalogue)
    entries = None
    if waived is not None:
        entries, files_of, unshaped = _validated(WaiverFile, waived)
        said = [set(waivers.contradictions(file, each)) for file in files_of for each in policies]
        _contradicted(waived, said, unshaped)
    complaints = [c for part in (whole, catalogue, waived) if part is not None for c in part.complaints]
    if policy is None or complaints:
        return refuse(complaints)
    return Loaded(
        policy,
        requirements.requirements if requirements is not None else (),
        waivers.granted(entries, waived) if entries is not None and waived is not None else (),
        whole.where,
        files,
        check.notes(policy, whole.where),
    )


def _joined(shown: str, parts: tuple[Document, ...]) -> Document:
    """One document of several files, each with top-level keys of its own."""
    root: dict[str, Tree] = {}
    whole = Document(shown, root, {(): (parts[0].file, 1)})
    for part in parts:
        stated = part.root or {}
        for key in stated.keys() & root.keys():
            part.complain((key,), "each key in one file", f"it also in {whole.where(key)}")
        new = {key: tree for key, tree in stated.items() if key not in root}
        whole.lines.update((steps, at) for steps, at in part.lines.items() if steps and steps[0] in new)
        root.update(new)
        whole.complaints.extend(part.complaints)
        whole.spoilt.update(part.spoilt)
    if any(part.root is None for part in parts):  # what is missing may stand in the file that could not be read
        whole.spoilt.update((key,) for key in Policy.model_fields.keys() - root.keys())
    return whole


def _validated(model: type[M], source: Document) -> tuple[M | None, tuple[M, ...], frozenset[Steps]]:
    """The document as a model, or None; what to look for contradictions in: that model, or two that stand in for what
    has no shape, and the places where they do."""
    if source.root is None:
        return None, (), frozenset()
    lost = bool(source.spoilt)
    try:
        made = model.model_validate_json(json.dumps(source.root))
    except ValidationError as wrong:
        complain(wrong, model, source)
        pair, places = (None if lost else stand_ins(wrong, model, source)) or ((), frozenset())
        return None, pair, places
    return made, (made,), frozenset()


def _contradicted(source: Document, said: Sequence[set[Contradiction]], unshaped: frozenset[Steps]) -> None:
    """Complain of the contradictions that are said in every case, and not about a place without shape."""
    for steps, expected, found in set.intersection(*said) if said else ():
        if not any(steps[: len(place)] == place for place in unshaped):
            source.complain(steps, expected, found)
