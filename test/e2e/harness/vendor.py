# SPDX-License-Identifier: Apache-2.0
"""What the doubles of services that keep secrets have in common (aws, google, onepassword): each counts what it is asked for,
and may be told to fail.
"""

import json
import threading

from .recorder import CloseConnection


class Refused(Exception):
    """An answer that is no success: its status, and what it says."""

    def __init__(self, status, body=b""):
        super().__init__(status)
        self.status, self.body = status, body


class Vendor:
    """Answers every request of a recorder below `prefix`. `trouble(call)` may give (status, body, fields) or "none" in place
    of an answer, or wait; a call is what `call_of` makes of a request."""

    content_type = "application/json"

    def __init__(self, recorder, prefix="/"):
        self.trouble = lambda call: None
        self.calls, self.problems, self.lock = [], [], threading.Lock()
        recorder.on(prefix, self._answer)

    def call_of(self, request):
        raise NotImplementedError

    def said(self, call, request):
        """What it answers, or Refused. Asked for under the lock."""
        raise NotImplementedError

    def count(self, call):
        with self.lock:
            return self.calls.count(call)

    def refuse(self, status, body, problem):
        """`problem` is for whoever reads why a test failed."""
        self.problems.append(problem)
        raise Refused(status, body)

    def _answer(self, request, connection):
        call = self.call_of(request)
        with self.lock:
            self.calls.append(call)
        trouble = self.trouble(call)
        if trouble == "none":
            raise CloseConnection
        try:
            with self.lock:
                status, body, fields = trouble or (200, self.said(call, request), [])
        except Refused as refused:
            status, body, fields = refused.status, refused.body, []
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.answer(status, body, [("Content-Type", self.content_type), *fields], "OK" if status == 200 else "No")
