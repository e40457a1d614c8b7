"""Read and check policy files: first every fault of syntax and of a field, in all files at once; then, of a file whose
fields are sound, what contradicts itself. Each diagnostic has its file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pydantic import ValidationError

from mzaudit.errors import InputError, PolicyError
from mzaudit.policy import policy_notes, requirements, semantics, waivers
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Where
from mzaudit.policy.loader import yaml_document
from mzaudit.policy.loader.diagnostics import Complaint, Contradiction, refuse
from mzaudit.policy.loader.document_page import DocumentReview, gone, named_page, review
from mzaudit.policy.loader.messages import complain
from mzaudit.policy.loader.yaml_document import Document
from mzaudit.policy.models import Policy, Strict
from mzaudit.policy.requirements import Requirement, Requirements
from mzaudit.policy.resources.resource_models import BASELINE, BaselineFile
from mzaudit.policy.rule_vocabulary import Vocabulary
from mzaudit.policy.waivers import Waiver, WaiverFile

REQUIREMENTS = "requirements.yaml"
WAIVERS = "waivers.yaml"

M = TypeVar("M", bound=Strict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy with its requirements and waivers.

    `where(*path)` tells the `file:line` that states a place of the policy; `files` are those read, as findings name
    them; `notes` say where the document asks for what Azure cannot hold. `cited_at` tells where each requirement names
    its section, by its id; `folder` holds the policy; `review` is of the page that `document` names, if it names one.
    """

    policy: Policy
    requirements: tuple[Requirement, ...]
    waivers: tuple[Waiver, ...]
    where: Where
    files: tuple[str, ...]
    notes: tuple[policy_notes.Note, ...]
    cited_at: Mapping[str, str]
    folder: Path
    review: DocumentReview | None


def load(path: Path, words: Vocabulary, name: str | None = None) -> Loaded:
    """Read a policy: one file, or a directory of `*.yaml` over which the policy's top-level keys are split.

    `requirements.yaml`, `waivers.yaml` and `baseline.yaml` in the directory, or beside the file, hold what their names
    say; the baseline is part of a policy that says `baseline: true`. Files that
    start with a dot are passed over. `words` are those of the rules; `name` is what complaints and findings call
    `path`. Raises `PolicyError` with every complaint.
    """
    shown = path.as_posix() if name is None else name
    try:
        if not path.exists():
            hint = "`mzaudit init` writes a policy to start from into ./policies"
            raise PolicyError((f"{shown}: no such file or directory; {hint}",))
        if not path.is_dir():
            return _checked(shown, path.parent, _with_those_beside(path, shown), words)
        found = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        reason = str(error.strerror or "an error").lower()
        return refuse([Complaint(shown, 1, "file", "a readable file or directory", reason)])
    documents = {
        entry: yaml_document.read(path / entry, f"{shown}/{entry}") for entry in found if entry.endswith(".yaml")
    }
    for entry in found:
        if entry.endswith(".yml"):
            unread = Document(f"{shown}/{entry}", cut=True)
            unread.complain((), "the ending .yaml", ".yml")
            named = entry.removesuffix("yml") + "yaml"
            documents[entry if named in documents else named] = unread
    if not documents.keys() - {REQUIREMENTS, WAIVERS, BASELINE}:
        documents[""] = unread = Document(shown, cut=True)
        unread.complain((), "a directory with a policy (*.yaml)", "none in it")
    return _checked(shown, path, documents, words)


def _with_those_beside(path: Path, shown: str) -> dict[str, Document]:
    """The documents of a policy that is one file."""
    policy = yaml_document.read(path, shown)
    if of := _other(path.name, policy):
        refuse([Complaint(shown, 1, "file", "a policy, or the directory that holds it", of)])
    near = {name: path.with_name(name) for name in (REQUIREMENTS, WAIVERS, BASELINE)}
    beside = {name: file for name, file in near.items() if file.is_file()}
    folder = PurePosixPath(shown).parent
    return {"": policy} | {name: yaml_document.read(file, str(folder / name)) for name, file in beside.items()}


def _other(name: str, read: Document) -> str:
    """What a file is that is no policy, by its name or by what it holds; empty for one that may be a policy."""
    for member, held in (("findings", "a report"), ("taken", "a snapshot")):
        if member in read.root:
            return f"{held} of mzaudit"
    if name == BASELINE:
        return "a file of expectations"
    for known, held in ((REQUIREMENTS, "requirements"), (WAIVERS, "waivers")):
        if name == known or isinstance(read.root.get(held), list):
            return f"a file of {held}"
    return ""


_OLD_SECTIONS = ("resource_groups", "registry", "sql", "telemetry")


def _refuse_old_form(whole: Document) -> None:
    """Refuse a policy in the form that came before places, whatever else is wrong with it."""
    old = [section for section in _OLD_SECTIONS if section in whole.root]
    if len(old) > 1:
        held = f"the earlier form ({', '.join(old)}), which is no longer read"
        refuse([Complaint(*whole.at(old[0]), old[0], "a policy as docs/policy.md describes it", held)])


def _checked(shown: str, folder: Path, documents: dict[str, Document], words: Vocabulary) -> Loaded:
    baseline = documents.pop(BASELINE, None)
    files = tuple(part.file for part in documents.values())
    catalogue = documents.pop(REQUIREMENTS, Document(REQUIREMENTS, cut=True))
    waived = documents.pop(WAIVERS, Document(WAIVERS, cut=True))
    whole = _joined(shown, tuple(documents.values()))
    _refuse_old_form(whole)
    if baseline is not None and _validated(BaselineFile, baseline) is None:
        whole.complaints.extend(baseline.complaints)
    elif whole.root.get("baseline") is True:
        _take_baseline(whole, baseline)
        files = (*files, *((baseline.file,) if baseline is not None else ()))
    policy = _validated(Policy, whole)
    words = _with_plugins(whole, policy, words) if policy is not None else words
    stated = _validated(Requirements, catalogue)
    entries = _validated(WaiverFile, waived)
    if policy is not None and entries is not None:
        _note(waived, waivers.contradictions(entries, policy, words))
    if policy is not None:
        _note(whole, semantics.contradictions(policy, words))
    if stated is not None:
        _note(catalogue, requirements.contradictions(stated, catalogue.where))
    reviewed = _reviewed(whole, policy, folder) if policy is not None else None
    if policy is not None and entries is not None and entries.waivers and not whole.complaints:
        nowhere = dict.fromkeys(policy.environments, "")
        wanted = bind(policy, whole.where, tuple(policy.environments), nowhere)
        _note(waived, waivers.unmatched(entries, wanted, words))
    complaints = [*whole.complaints, *catalogue.complaints, *waived.complaints]
    if policy is None or complaints:
        return refuse(complaints)
    return Loaded(
        policy,
        stated.requirements if stated is not None else (),
        waivers.granted(entries, waived) if entries is not None else (),
        whole.where,
        files,
        (
            *policy_notes.notes(policy, whole.where),
            *(_without_page(policy, folder, whole.where("document")) if reviewed is None else ()),
        ),
        {
            one.id: catalogue.where("requirements", index, "section")
            for index, one in enumerate(stated.requirements if stated is not None else ())
        },
        folder,
        reviewed,
    )


def _with_plugins(whole: Document, policy: Policy, words: Vocabulary) -> Vocabulary:
    """The words with those of the plugins that the policy names; what cannot be loaded is complained of."""
    try:
        return words.with_plugins(policy.plugins)
    except InputError as error:
        whole.complain(("plugins",), "installed packages with rules", str(error))
        return words


def _reviewed(whole: Document, policy: Policy, folder: Path) -> DocumentReview | None:
    """The page that the policy names, and what was reviewed of it; a page that cannot be read is complained of. One
    that is not there and was never reviewed may lie in another repository: `_without_page` notes it."""
    if not named_page(policy.document):
        return None
    try:
        if not (folder / policy.document).exists():
            return gone(policy.document, folder)
        return review(folder / policy.document, policy.document, folder)
    except InputError as error:
        whole.complain(
            ("document",), "the title of the document, or the path of its page beside the policy", str(error)
        )
        return None


def _without_page(policy: Policy, folder: Path, where: str) -> tuple[policy_notes.Note, ...]:
    """A note where the policy names a page that does not lie beside it."""
    if not named_page(policy.document) or (folder / policy.document).exists():
        return ()
    return (policy_notes.Note(where, f"{policy.document} is not beside the policy: its changes are not followed"),)


def _take_baseline(whole: Document, baseline: Document | None) -> None:
    """Add the baseline's expectations to the policy's own, which win."""
    if baseline is None:
        whole.complain(("baseline",), f"a file {BASELINE} beside the policy", "none")
        return
    own, given = whole.root.setdefault("expect", {}), baseline.root["expect"]
    for kind, told in given.items() if isinstance(given, dict) else ():
        here = own.setdefault(kind, {}) if isinstance(own, dict) else None
        if not isinstance(told, dict) or not isinstance(here, dict):
            continue  # the policy's own is misshapen, and is told of
        for expression in told.keys() - here.keys():
            at = ("expect", kind, expression)
            whole.lines.update((steps, line) for steps, line in baseline.lines.items() if steps[: len(at)] == at)
        here.update({name: one for name, one in told.items() if name not in here})


def _joined(shown: str, parts: tuple[Document, ...]) -> Document:
    """One document of several files, each with top-level keys of its own."""
    whole = Document(shown, lines={(): (parts[0].file, 1)}, cut=any(part.cut for part in parts))
    for part in parts:
        for key in part.root.keys() & whole.root.keys():
            part.complain((key,), "each key in one file", f"it also in {whole.where(key)}")
        new = {key: tree for key, tree in part.root.items() if key not in whole.root}
        whole.lines.update((steps, at) for steps, at in part.lines.items() if steps and steps[0] in new)
        whole.root.update(new)
        whole.complaints.extend(part.complaints)
        whole.spoilt.update(part.spoilt)
    return whole


def _validated(model: type[M], source: Document) -> M | None:
    """The document as a model; None, with every diagnostic noted, where anything in it is wrong."""
    if source.cut:
        source.spoilt.update((key,) for key in model.model_fields.keys() - source.root.keys())
    try:
        made = model.model_validate_json(json.dumps(source.root))
    except ValidationError as wrong:
        complain(wrong, model, source)
        return None
    return None if source.complaints else made


def _note(source: Document, found: Iterable[Contradiction]) -> None:
    for steps, expected, said in found:
        source.complain(steps, expected, said)
