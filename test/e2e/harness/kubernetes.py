# SPDX-License-Identifier: Apache-2.0
"""The token of a pod's service account, as the kubelet lays it out and replaces it, and the part of a cluster that says
whether such a token is good (TokenReview).
"""

import os
import time
import uuid

from . import jwt

ISSUER = "https://kubernetes.default.svc.cluster.local"
SUBJECT = "system:serviceaccount:agents:keyswap"


class Cluster:
    """`folder` is what is mounted in a pod: `token` is a link through `..data`, which is exchanged as a whole."""

    def __init__(self, folder, keys, role="agents"):
        self.folder, self.role, self.keys = folder, role, keys
        keys.mkdir(mode=0o700)
        self.private, self.public = jwt.make_key(keys, "cluster")
        self.taken_back, self.made = set(), []
        folder.mkdir(mode=0o755)
        (folder / "token").symlink_to("..data/token")
        self.rotate()

    @property
    def file(self):
        return self.folder / "token"

    def rotate(self):
        """Another token lies there, and the one of before is good no more."""
        self.taken_back.update(self.made)
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": SUBJECT, "aud": [ISSUER], "iat": now, "nbf": now, "exp": now + 3607, "jti": str(uuid.uuid4())}
        self.made.append(jwt.signed({"alg": "RS256", "kid": "cluster-1"}, claims, self.private))
        version = self.folder / f"..{len(self.made)}"
        version.mkdir(mode=0o755)
        (version / "token").write_text(self.made[-1])
        (version / "token").chmod(0o644)
        (self.folder / "..data-new").symlink_to(version.name)
        os.replace(self.folder / "..data-new", self.folder / "..data")

    def is_good(self, token):
        if token.count(".") != 2 or token in self.taken_back or not jwt.is_signed(token, self.public, self.keys):
            return False
        _, claims = jwt.read(token)
        return claims["sub"] == SUBJECT and ISSUER in claims["aud"] and claims["nbf"] <= time.time() < claims["exp"]
