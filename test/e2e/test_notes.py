# SPDX-License-Identifier: Apache-2.0
"""Bindings in the notes of Bitwarden's secrets (docs/bindings.md, "Bindings in notes"), against the double."""

import base64
import hashlib
import hmac
import json
import time

from harness import bitwarden, sigv4
from harness.case import H, H2, Case, bearer, document, main

VALUE, OTHER = "sk-live-notes-7Kq+x/9=Zt4b", "sk-live-notes-Yb3/Qq8=Wc5"
OWN_TEXT = "notes-own-text-hunter2-Rr7"
P_FILE = "sk-PLACEHOLDER-notes-file-x7Kq9Zt4b"
P_SHARED = "sk-PLACEHOLDER-notes-shared-4Bq8Zt7"
SALT = bytes(range(32))
MARK = "# avp-binding\n"
AWS, AWS_ID, AWS_SECRET = "secretsmanager.us-east-1.amazonaws.com", "AKIDNOTES0123456789", "aws-notes-Hq7/Zt4b+Rr7Kq9"


def derived(name):
    digest = hmac.new(SALT, name.encode(), hashlib.sha256).digest()
    return "avp-PLACEHOLDER-" + base64.b32encode(digest).decode().lower()[:21]


class Notes(Case):
    """One secret of the file is bound to each host, so that both are always decrypted."""

    secrets = {"value": VALUE, "other": OTHER, "somebody's own text": OWN_TEXT, "the pair": AWS_SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = (H, H2, AWS, bitwarden.API, bitwarden.IDENTITY)
        cls.authority, cls.identity = cls.make_pki(names)
        cls.recorder = cls.make_recorder(cls.identity)
        cls.vendor = cls.make_recorder(cls.identity)

    def setUp(self):
        super().setUp()
        self.double = bitwarden.Bitwarden(self.vendor)
        self.secrets[f"the token of {self.double.client_id}"] = self.double.client_secret

    def prepare(self, name, mode="both", salt=True, **more):
        """A home with a file as agent-vault-proxy's users have it."""
        token, salt_file = self.inputs / f"{name}-token", self.inputs / f"{name}-salt"
        self.put(token, self.double.access_token.encode() + b"\n")
        if salt:
            self.put(salt_file, SALT)
        home = self.make_home(name, {"FILE_KEY": OTHER})
        self.write(home, binding_source=mode, install_salt_path=str(salt_file), token=token, **more)
        return home

    @staticmethod
    def put(path, content):
        path.write_bytes(content)
        path.chmod(0o600)

    def write(self, home, token, more_rules=None, **more):
        config = {"type": "bws", "organization_id": self.double.organization, "access_token_path": str(token)}
        content = { "notes_host_allowlist": [H], "notes_refresh_seconds": 1, "backend": {"type": "bws", "config": config},
                   **more}
        resolve = {f"{host}:443": self.vendor.address for host in (bitwarden.API, bitwarden.IDENTITY)}
        rules = {"FILE_KEY": {**bearer("FILE_KEY", P_FILE, (H, H2)), "source": "local"},
                 **(more_rules or {})}
        home.bindings(document(rules, recorder=self.recorder, hosts=[H, H2], root=self.authority.certificate,
                               resolve=resolve, **content))

    def begin(self, name, **more):
        running = self.start(self.prepare(name, **more))
        self.addCleanup(running.stop)  # the next test counts what its own proxy asks for
        return running

    def ask(self, running, path, placeholder, host=H):
        answer = running.ask(host, "GET", path, [("Authorization", f"Bearer {placeholder}")])
        self.assertIsNotNone(answer)
        return self.recorder.seen(path)[-1].get("Authorization") if answer.status == 200 else answer.status

    def gets(self, running, path, placeholder, value=VALUE, host=H):
        self.assertEqual(self.ask(running, path, placeholder, host), f"Bearer {value}")

    def stays(self, running, path, placeholder, reason, host=H):
        self.lacks(running, path, placeholder, host)
        self.decided(running.decision(path), "denied", reason)

    def lacks(self, running, path, placeholder, host=H):
        """It travels on as the inert text it is."""
        self.assertEqual(self.ask(running, path, placeholder, host), f"Bearer {placeholder}")

    def becomes(self, running, path, placeholder, wanted, seconds=15):
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            number += 1
            if self.ask(running, f"{path}/{number}", placeholder) == f"Bearer {wanted}":
                return
            time.sleep(0.1)
        self.fail("nothing changed")

    def told(self, running, secret):
        return [r["outcome"] for r in running.records() if r.get("event") == "note" and r["secret"] == secret]

    def test_a_note_binds_its_secret_from_the_start(self):
        """[I17] What is listed alone; what is somebody's own text stays where it is."""
        self.double.note(self.double.add("K", VALUE), MARK + "host: " + H)
        self.double.note(self.double.add("EVIL", VALUE), MARK + "host: " + H2)
        self.double.note(self.double.add("OWN", VALUE), OWN_TEXT)
        running = self.begin("start")
        self.gets(running, "/start/k", derived("K"))
        self.stays(running, "/start/evil", derived("EVIL"), "host_not_in_allowlist", H2)
        self.stays(running, "/start/own", derived("OWN"), "no_binding_in_notes")
        self.gets(running, "/start/file", P_FILE, OTHER)
        self.assertEqual(self.told(running, "K"), ["bound"])
        self.assertEqual(self.told(running, "EVIL"), ["host_not_listed"])
        self.assertEqual(self.told(running, "OWN"), [])

    def test_D14_D15_D16_where_notes_alone_count_what_none_of_them_binds_stays_and_the_record_says_why(self):
        """[I2] In any header; what the file says of a secret is no note."""
        self.double.note(self.double.add("K", VALUE), MARK + H)
        self.double.add("NONE", VALUE)
        self.double.note(self.double.add("BAD", VALUE), MARK + "some prose")
        self.double.note(self.double.add("EVIL", VALUE), MARK + "host: evil.example.com")
        running = self.begin("alone", mode="notes")
        self.gets(running, "/alone/k", derived("K"))
        for name, reason in (("NONE", "no_binding_in_notes"), ("BAD", "invalid_binding_metadata"),
                             ("EVIL", "host_not_in_allowlist")):
            self.stays(running, f"/alone/{name}", derived(name), reason)
            answer = running.ask(H, "GET", f"/alone/other/{name}", [("X-Other", derived(name))])
            self.assertEqual((answer.status, self.recorder.seen(f"/alone/other/{name}")[-1].get("X-Other")),
                             (200, derived(name)))
            self.decided(running.decision(f"/alone/other/{name}"), "denied", reason, name)
        self.stays(running, "/alone/file", P_FILE, "no_binding_in_notes")

    def test_K32_K41_a_note_that_comes_or_goes_counts_after_the_interval(self):
        """[I14] Values that are known stay known."""
        first = self.double.add("FIRST", VALUE)
        self.double.note(first, MARK + H)
        running = self.begin("comes")
        self.gets(running, "/comes/first", derived("FIRST"))
        logins = self.double.count("login")
        later = self.double.add("LATER", OTHER)
        self.double.note(later, MARK + H)
        self.becomes(running, "/comes/later", derived("LATER"), OTHER)
        self.gets(running, "/comes/again", derived("FIRST"))
        self.assertEqual(self.double.count("login"), logins)
        self.double.remove(later)
        self.becomes(running, "/comes/gone", derived("LATER"), derived("LATER"))
        self.assertTrue(running.await_record(lambda r: r.get("event") == "note" and r["outcome"] == "gone"))
        self.assertEqual(self.told(running, "LATER"), ["bound", "gone"])

    def test_K33_while_the_source_is_down_what_was_read_stays(self):
        self.double.note(self.double.add("K", VALUE), MARK + H)
        running = self.begin("down")
        self.gets(running, "/down/before", derived("K"))
        self.double.trouble = lambda call: (500, "oops", [])
        lists = self.double.count("list")
        end = time.monotonic() + 15
        while self.double.count("list") < lists + 2 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater(self.double.count("list"), lists + 1)
        self.gets(running, "/down/while", derived("K"))
        self.double.trouble = lambda call: None

    def test_K21_a_note_that_becomes_bad_binds_nothing_any_more(self):
        """[I13] Nor does what the file says of its secret."""
        secret = self.double.add("SHARED", VALUE)
        running = self.begin("bad", more_rules={"SHARED": bearer("SHARED", P_SHARED, (H,))})
        self.gets(running, "/bad/before", P_SHARED)
        self.double.note(secret, MARK + "some prose")
        self.becomes(running, "/bad/after", P_SHARED, P_SHARED)
        self.assertEqual(self.told(running, "SHARED"), ["invalid"])
        self.double.note(secret, "some prose")
        self.becomes(running, "/bad/mended", P_SHARED, VALUE)

    def test_a_note_of_another_secret_of_that_name_changes_nothing(self):
        """[I17] What the file has in the vault of this machine is not the source's."""
        self.double.note(self.double.add("FILE_KEY", VALUE), MARK + H)
        running = self.begin("other")
        self.gets(running, "/other/file", P_FILE, OTHER)
        self.assertEqual(self.told(running, "FILE_KEY"), ["file_counts"])

    def test_K36_without_the_salt_the_file_alone_counts(self):
        self.double.note(self.double.add("K", VALUE), MARK + H)
        running = self.begin("unsalted", salt=False)
        self.gets(running, "/unsalted/file", P_FILE, OTHER)
        self.lacks(running, "/unsalted/k", derived("K"))
        self.assertTrue(running.await_stderr("cannot be used"))

    def test_a_reload_that_narrows_the_list_takes_effect_at_once(self):
        """[I17] What was bound by a note is not, once its host is listed no more."""
        self.double.note(self.double.add("K", VALUE), MARK + H)
        home = self.prepare("narrowed")
        running = self.start(home)
        self.gets(running, "/narrowed/before", derived("K"))
        self.write(home, token=self.inputs / "narrowed-token", binding_source="both", notes_host_allowlist=[],
                   install_salt_path=str(self.inputs / "narrowed-salt"))
        self.assertTrue(running.reload()["accepted"])
        self.lacks(running, "/narrowed/after", derived("K"))

    def test_K39_a_tag_of_aws_binds_its_secret(self):
        """[I1] And a description with the mark; of a secret that has neither no value is asked for."""
        listed = [{"Name": "TAGGED", "Tags": [{"Key": "avp-binding", "Value": H}]},
                  {"Name": "TOLD", "Description": MARK + f"host: {H}\nmethods: [GET]"},
                  {"Name": "NONE", "Description": OWN_TEXT}]
        calls, problems = [], []

        def answer(request, connection):
            said, call = json.loads(request.body), request.get("X-Amz-Target")
            problems.append(sigv4.Judged(request, AWS_ID, AWS_SECRET).problem)
            calls.append((call, said.get("SecretId")))
            at = int(said.get("NextToken", 0))
            page = {"SecretList": listed[at:at + 1], **({"NextToken": str(at + 1)} if at + 1 < len(listed) else {})}
            body = page if call.endswith("ListSecrets") else {"SecretString": VALUE, "VersionId": "1"}
            connection.answer(200, json.dumps(body), [("Content-Type", "application/x-amz-json-1.1")])

        self.vendor.on("/", answer)
        self.put(self.inputs / "tags-salt", SALT)
        home = self.make_home("tags", {"FILE_KEY": OTHER, "AWS_ID": AWS_ID, "AWS_SECRET": AWS_SECRET})
        aws = {"type": "aws-secrets-manager", "region": "us-east-1", "access_key_id": "AWS_ID",
               "secret_access_key": "AWS_SECRET"}
        home.bindings(document({"FILE_KEY": bearer("FILE_KEY", P_FILE, (H,))}, recorder=self.recorder, hosts=[H],
                               root=self.authority.certificate, resolve={f"{AWS}:443": self.vendor.address},
                               notes_host_allowlist=[H], install_salt_path=str(self.inputs / "tags-salt"),
                               sources={"aws": aws}))
        running = self.start(home)
        self.addCleanup(running.stop)
        self.gets(running, "/tags/tagged", derived("TAGGED"))
        self.gets(running, "/tags/told", derived("TOLD"))
        self.stays(running, "/tags/none", derived("NONE"), "no_binding_in_notes")
        self.gets(running, "/tags/file", P_FILE, OTHER)
        fetched = {secret for call, secret in calls if call.endswith("GetSecretValue")}
        self.assertEqual(fetched, {"TAGGED", "TOLD"})
        self.assertEqual(set(problems), {None})

    def test_the_check_shows_what_notes_say(self):
        self.double.note(self.double.add("K", VALUE), MARK + H)
        self.double.note(self.double.add("BAD", VALUE), MARK + "some prose")
        home = self.prepare("shown")
        shown = home.run("bindings", "check", "--online", unlock=True).stdout.decode()
        self.assertRegex(shown, rf"K +bound +{H} +{derived('K')}")
        self.assertRegex(shown, r"BAD +invalid")
        told = json.loads(home.run("bindings", "check", "--online", "--json", unlock=True).stdout)
        self.assertEqual([(one["name"], one["state"]) for one in told["notes"]], [("BAD", "invalid"), ("K", "bound")])


if __name__ == "__main__":
    main()
