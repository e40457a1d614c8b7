"""Members of Resource Manager's bodies that providers mark as secret: their text is never read, whoever asks for it.

The mark is `x-ms-secret` in Azure's own specifications (azure-rest-api-specs). There are hundreds of such members;
their names follow a few words. A member is one if its name is among these, or ends in one of the endings.
"""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = frozenset(
    {
        *("key", "keys", "key1", "key2", "password", "passwords", "pwd", "secret", "secrets", "token", "sas", "sig"),
        *("connectionstring", "credential", "credentials", "customdata", "userdata", "kubeconfig", "kubeconfigs"),
        *("protectedsettings", "protectedparameters", "securevalue", "certificatedata", "pfxblob", "servicekey"),
        *("authorization", "passcode", "snmpcommunity"),
    }
)
_ENDINGS: Final = (
    *("password", "passphrase", "passwd", "secret", "secretkey", "secretvalue"),
    *("connectionstring", "connectionstrings", "sastoken", "accesstoken", "refreshtoken", "authtoken", "bearertoken"),
    *("accesskey", "accesskeys", "accountkey", "accountkeys", "sharedkey", "sharedaccesskey", "masterkey", "apikey"),
    *("privatekey", "primarykey", "secondarykey", "authorizationkey", "subscriptionkey", "functionkey", "hostkey"),
    *("authkey", "instrumentationkey", "readonlykey", "workspacekey", "storagekey", "functionskey"),
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_LONGEST: Final = 40  # of a word at the end
_LAST_WORDS: Final = frozenset({"pass", "pw", "pwd", "sas"})  # in DB_PASS and dbPass, and not in bypass


def is_secret_member(name: str) -> bool:
    """Whether a member of this name holds what its provider marks as secret."""
    plain = name.casefold().replace("_", "").replace("-", "")
    last = "".join(_WORD.findall(name[-_LONGEST:])[-1:])
    return plain in _NAMES or plain.endswith(_ENDINGS) or last.casefold() in _LAST_WORDS
