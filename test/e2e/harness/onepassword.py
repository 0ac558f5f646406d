# SPDX-License-Identifier: Apache-2.0
"""A double of 1Password's Connect server, which opens nothing without an account at 1Password. It answers what the vendor's
"Connect Server API reference" says, and takes its access token alone.
"""

import base64
import os
import re
import urllib.parse

from .vendor import Vendor


def made_id():
    """26 letters and digits, as the vendor's are."""
    return base64.b32encode(os.urandom(17)).decode().lower()[:26]


class Connect(Vendor):
    """A call is "vaults", "items" or "item"."""

    def __init__(self, recorder):
        self.token = ".".join(base64.urlsafe_b64encode(os.urandom(24)).decode() for _ in range(3))
        self.vaults = {}  # id: name
        self.items = {}   # id: (id of the vault, title, [field, …])
        super().__init__(recorder, "/v1/")

    def add(self, vault, title, **fields):
        """An item of a vault, which is made where there is none of that name; its id."""
        vault_id = next((known for known, name in self.vaults.items() if name == vault), None) or made_id()
        made = made_id()
        with self.lock:
            self.vaults[vault_id] = vault
            self.items[made] = (vault_id, title, [{"id": made_id(), "type": "CONCEALED", "label": label, "value": value}
                                                  for label, value in fields.items()])
        return made

    def call_of(self, request):
        parts = request.path.strip("/").split("/")
        return {2: "vaults", 4: "items", 5: "item"}.get(len(parts), request.path)

    def no(self, status, why):
        self.refuse(status, {"status": status, "message": why}, why)

    def said(self, call, request):
        if request.get("Authorization") != f"Bearer {self.token}":
            self.no(401, "Invalid token signature")
        parts = request.path.strip("/").split("/")
        if call == "vaults":
            wanted = self._filter(request, "name")
            return [{"id": known, "name": name, "type": "USER_CREATED", "items": len(self.items)}
                    for known, name in self.vaults.items() if name == wanted]
        if len(parts) < 4 or parts[2] not in self.vaults:
            self.no(404, "vault not found")
        if call == "items":
            wanted = self._filter(request, "title")
            return [self._item(known, False) for known, (vault, title, _) in self.items.items()
                    if (vault, title) == (parts[2], wanted)]
        if parts[4] not in self.items or self.items[parts[4]][0] != parts[2]:
            self.no(404, "item not found")
        return self._item(parts[4], True)

    def _filter(self, request, attribute):
        """The name that a filter asks for: `name eq "…"`."""
        text = dict(urllib.parse.parse_qsl(request.target.partition("?")[2])).get("filter", "")
        found = re.fullmatch(attribute + r' eq "((?:[^"\\]|\\.)*)"', text)
        if found is None:
            self.no(400, f"invalid filter {text}")
        return re.sub(r"\\(.)", r"\1", found.group(1))

    def _item(self, known, is_whole):
        vault, title, fields = self.items[known]
        item = {"id": known, "title": title, "vault": {"id": vault}, "category": "API_CREDENTIAL", "version": 1}
        return {**item, "sections": [], "fields": fields} if is_whole else item
