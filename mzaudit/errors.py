"""The errors that end a run, each a sentence a person can act on.

```
MzauditError
├─ InputError            what the user gave is wrong: exit 2
│  ├─ PolicyError        policy files, every complaint at once
│  └─ SnapshotError      a snapshot or report file
└─ Abandoned             nothing could be asked: exit 4
   └─ CredentialError    no token for Azure Resource Manager
```
Everything else that can go wrong with one Azure call is a `Gap` in the snapshot, never an exception.
"""

from __future__ import annotations


class MzauditError(Exception):
    """A run cannot go on; `str()` is what to print, one complaint a line."""


class InputError(MzauditError):
    """What the user gave is wrong (usage, configuration, file)."""


class PolicyError(InputError):
    """The policy is wrong; `complaints` holds every `file:line: path: expected, found`."""

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = complaints


class SnapshotError(InputError):
    """A snapshot or saved report cannot be read: another version, cut short, or not one at all."""


class Abandoned(MzauditError):  # noqa: N818 - it is how a run ends, not what went wrong
    """The run was given up before anything could be asked."""


class CredentialError(Abandoned):
    """No token for Azure Resource Manager could be had; the message names the credential that was tried."""
