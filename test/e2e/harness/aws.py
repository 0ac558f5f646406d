# SPDX-License-Identifier: Apache-2.0
"""Doubles of AWS Secrets Manager and AWS STS: Amazon's alone answer, to accounts of theirs. They answer what the API
references say, and take a call only if its signature, its scope and its time are right, as AWS does.
"""

import base64
import calendar
import html
import json
import os
import re
import time
import urllib.parse
import uuid

from . import sigv4
from .vendor import Vendor

ACCOUNT = "123456789012"
CLOCK_OFF_MAX_S = 300


def key_id(kind):
    """AKIA: of a user; ASIA: of a session."""
    return kind + base64.b32encode(os.urandom(10)).decode()


def signing_secret():
    """40 characters, with what has to be escaped somewhere."""
    return base64.b64encode(os.urandom(28)).decode()[:37] + "/+Z"


class Pair:
    def __init__(self, kind="AKIA", token=None):
        self.id, self.secret, self.token = key_id(kind), signing_secret(), token


def session():
    """Of a role: the pair and its token belong together."""
    return Pair("ASIA", "IQoJb3JpZ2luX2VjE" + base64.b64encode(os.urandom(60)).decode())


def problem_of(request, pair, region, service):
    """(code, why) as AWS refuses a signed call; None: it is right."""
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=\S+, ?"
                         r"Signature=[0-9a-f]{64}", request.get("Authorization", ""))
    if found is None:
        return "MissingAuthenticationToken", "it is not signed"
    given_id, day, given_region, given_service = found.groups()
    if given_id != pair.id:
        return "InvalidClientTokenId", f"there is no key {given_id}"
    if (given_region, given_service) != (region, service):
        return "SignatureDoesNotMatch", f"it is signed for {given_region}/{given_service}"
    if request.get("X-Amz-Security-Token") != pair.token:
        return "InvalidClientTokenId", "the token is not of this pair"
    signed = request.get("X-Amz-Date", "")
    if not signed.startswith(day) or abs(calendar.timegm(time.strptime(signed, "%Y%m%dT%H%M%SZ")) - time.time()) > CLOCK_OFF_MAX_S:
        return "SignatureDoesNotMatch", f"it is of {signed}"
    problem = sigv4.Judged(request, pair.id, pair.secret).problem
    return problem and ("SignatureDoesNotMatch", problem)


class SecretsManager(Vendor):
    """A call is an operation, "GetSecretValue"."""

    content_type = "application/x-amz-json-1.1"
    # What this service calls a fault of the signature.
    CODES = {"SignatureDoesNotMatch": "InvalidSignatureException", "InvalidClientTokenId": "UnrecognizedClientException",
             "MissingAuthenticationToken": "MissingAuthenticationTokenException"}

    def __init__(self, recorder, pair, region="us-east-1"):
        self.pair, self.region, self.secrets = pair, region, {}
        super().__init__(recorder)

    @property
    def host(self):
        return f"secretsmanager.{self.region}.amazonaws.com"

    def put(self, name, value):
        """Text or bytes; each time it is another version."""
        self.secrets[name] = (value, str(uuid.uuid4()))

    def call_of(self, request):
        return request.get("X-Amz-Target", "").removeprefix("secretsmanager.")

    def no(self, code, why):
        self.refuse(400, {"__type": code, "Message": why}, f"{code}: {why}")

    def said(self, call, request):
        problem = problem_of(request, self.pair, self.region, "secretsmanager")
        if problem:
            self.no(self.CODES[problem[0]], problem[1])
        if (call, request.get("Content-Type"), request.method, request.target) != ("GetSecretValue", self.content_type, "POST", "/"):
            self.no("UnknownOperationException", f"{request.method} {request.target} {call}")
        name = json.loads(request.body)["SecretId"]
        if name not in self.secrets:
            self.no("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        value, version = self.secrets[name]
        kind, text = ("SecretString", value) if isinstance(value, str) else ("SecretBinary", base64.b64encode(value).decode())
        return {"ARN": f"arn:aws:secretsmanager:{self.region}:{ACCOUNT}:secret:{name}-a1b2c3", "Name": name, "VersionId": version,
                kind: text, "VersionStages": ["AWSCURRENT"], "CreatedDate": 1767322245.123}


class Sts(Vendor):
    """A call is an action, "AssumeRole". What it gave out is in `given`; each is good for `lives_s`, or as long as asked for."""

    content_type = "text/xml"

    def __init__(self, recorder, pair, region="eu-west-1", lives_s=None):
        self.pair, self.region, self.lives_s = pair, region, lives_s
        self.roles, self.given, self.web_identities = set(), [], set()
        self.forms = []  # what each session was asked for with
        super().__init__(recorder)

    @property
    def host(self):
        return f"sts.{self.region}.amazonaws.com"

    def session_of(self, wanted_id):
        """The one that has this key, whose end was not yet (or is a second ago, for what was on its way); None: none has it."""
        with self.lock:
            return next((made for made in self.given if made.id == wanted_id and made.ends + 1 > time.time()), None)

    def call_of(self, request):
        return dict(urllib.parse.parse_qsl(request.body.decode())).get("Action", "")

    def no(self, status, code, why):
        self.refuse(status, '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
                    f"<Code>{code}</Code><Message>{html.escape(why)}</Message></Error>"
                    f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>", f"{code}: {why}")

    def said(self, call, request):
        form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
        if call == "AssumeRole":
            problem = problem_of(request, self.pair, self.region, "sts")
            if problem:
                self.no(403, *problem)
        elif call != "AssumeRoleWithWebIdentity":
            self.no(400, "InvalidAction", call)
        elif form.get("WebIdentityToken") not in self.web_identities:
            self.no(400, "InvalidIdentityToken", "no such token")
        if form.get("Version") != "2011-06-15" or not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", "")):
            self.no(400, "ValidationError", str(form))
        if form["RoleArn"] not in self.roles:
            self.no(403, "AccessDenied", f"not authorized to perform: sts:{call} on resource: {form['RoleArn']}")
        return self._give(call, form)

    def _give(self, call, form):
        made = session()
        self.forms.append(form)
        made.ends = int(time.time()) + (self.lives_s or int(form["DurationSeconds"]))
        self.given.append(made)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made.ends))
        name = form["RoleSessionName"]
        return (f'<{call}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <{call}Result>\n    <AssumedRoleUser>\n'
                f"      <AssumedRoleId>AROA3XFRBF535PLBIFPI4:{name}</AssumedRoleId>\n"
                f"      <Arn>{form['RoleArn']}/{name}</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n"
                f"      <AccessKeyId>{made.id}</AccessKeyId>\n      <SecretAccessKey>{made.secret}</SecretAccessKey>\n"
                f"      <SessionToken>{made.token}</SessionToken>\n      <Expiration>{end}</Expiration>\n    </Credentials>\n"
                f"  </{call}Result>\n  <ResponseMetadata>\n    <RequestId>{uuid.uuid4()}</RequestId>\n  </ResponseMetadata>\n"
                f"</{call}Response>\n")
