# SPDX-License-Identifier: Apache-2.0
"""Requests that a person decides on (docs/bindings.md, "Approvals"), from the client to the upstream.

What waits is waited for by what the proxy writes; a client is a thread of its own."""

import concurrent.futures
import json
import os
import subprocess
import threading
import time

from harness import client, proxy
from harness.case import H, K, P, V, Case, document, main

VALUE2 = "sk-live-approved-Rt7/Kk2=Pq5"
BODY = b'{"merge_method":"squash"}'
JSON = [("Content-Type", "application/json"), ("Authorization", f"Bearer {P}")]


def rule():
    hosts = [{"host": H, "paths": ["/hold/**"], "approve": True},
             {"host": H, "paths": ["/short/**"], "approve": {"hold": "1s", "expires": "2m"}},
             {"host": H, "paths": ["/later/**"], "approve": {"hold": 0, "on_timeout": 202, "headers": ["X-Amount"]}},
             {"host": H, "paths": ["/soon/**"], "approve": {"hold": 0, "on_timeout": 202, "retry": "1s"}},
             {"host": H, "paths": ["/free/**"]}]
    return {"placeholder": P, "inject": {"header": "Authorization", "format": f"Bearer {{{K}}}"}, "bindings": hosts}


class Approvals(Case):
    secrets = {K: V, "rotated": VALUE2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home(secrets={K: V})
        cls.clients = concurrent.futures.ThreadPoolExecutor(32)
        cls.addClassCleanup(cls.clients.shutdown, wait=False)
        cls.running = cls.begin(cls.home)

    @classmethod
    def begin(cls, home):
        home.bindings(document({K: rule()}, recorder=cls.recorder, hosts=[H], root=cls.authority.certificate))
        return cls.start(home)

    def another(self, name):
        home = self.copy_home(self.home, name)
        for kept in home.path.glob("approvals.db*"):
            kept.unlink()  # what other tests had held
        return self.begin(home)

    # --- a client, and who decides ---
    def send(self, path, *, method="POST", body=BODY, headers=(), running=None):
        """Its answer, once it comes."""
        target = running or self.running
        return self.clients.submit(target.ask, H, method, path, [*JSON, *headers], body, timeout=90.0)

    def listed(self, running=None):
        done = (running or self.running).home.must("approve", "list", "--all", "--json")
        return json.loads(done.stdout)

    def operation(self, path, state="waiting", running=None, seconds=20.0):
        """The one for that path, once it is in that state."""
        end = time.monotonic() + seconds
        while True:
            found = [one for one in self.listed(running) if one["path"] == path]
            if [one for one in found if one["state"] == state]:
                return [one for one in found if one["state"] == state][-1]
            self.assertLess(time.monotonic(), end, f"{path} is not {state}: {found}")

    def decide(self, what, operation, running=None):
        home = (running or self.running).home
        return home.run("approve", what, operation["operation"], "--yes", unlock=True)

    def allow(self, operation, running=None):
        done = self.decide("allow", operation, running)
        self.assertEqual(done.returncode, 0, done.stderr)

    def later(self, path, running=None, **options):
        """The object of a 202."""
        answer = self.send(path, running=running, **options).result(30)
        self.assertEqual(answer.status, 202, answer)
        told = json.loads(answer.body)
        self.assertEqual(answer.get("Location"), told["status_url"])
        self.assertEqual(answer.get("Cache-Control"), "no-store")
        return told

    def poll(self, told, running=None):
        path = told["status_url"].removeprefix(f"https://{H}")
        answer = (running or self.running).ask(H, "GET", path)
        return answer.status, json.loads(answer.body)

    def retry(self, path, told, running=None, **options):
        headers = [*options.pop("headers", ()), ("Keyswap-Operation", told["operation_id"])]
        return self.send(path, headers=headers, running=running, **options).result(30)

    def events(self, operation, running=None):
        name = operation["operation"] if "operation" in operation else operation["operation_id"]
        return [r["event"] for r in (running or self.running).records()
                if r["type"] == "operation" and r["operation"] == name]

    # --- held ---
    def test_allowed_while_it_is_held_its_client_gets_the_real_answer(self):
        """[I6] Recorded, used up and recorded as allowed before the upstream sees a byte."""
        answer = self.send("/hold/allowed")
        operation = self.operation("/hold/allowed")
        self.assertEqual(self.recorder.seen("/hold/allowed"), [])
        self.assertFalse(answer.done())
        self.allow(operation)
        self.assertEqual((answer.result(30).status, answer.result().body), (200, b"recorded"))
        sent = self.recorder.one("/hold/allowed")
        self.assertEqual((sent.get("Authorization"), sent.body), (f"Bearer {V}", BODY))
        self.operation("/hold/allowed", "succeeded")
        self.assertEqual(self.events(operation), ["waiting", "approved", "executing"])
        records = self.running.records()
        order = [r["event"] if r["type"] == "operation" else r["reason"] for r in records
                 if r.get("operation") == operation["operation"] or
                 r["type"] == "inject_decision" and r["request_id"] == operation["request_id"]]
        self.assertEqual(order, ["waiting", "approved", "executing", "binding_matched"])
        decided = [r for r in records if r["type"] == "operation" and r["event"] == "approved"][-1]
        self.assertEqual((decided["how"], decided["by"].split()[:2]), ("command", ["uid", str(os.getuid())]))

    def test_denied_it_is_a_403_and_never_sent(self):
        answer = self.send("/hold/denied")
        operation = self.operation("/hold/denied")
        self.assertEqual(self.decide("deny", operation).returncode, 0)
        self.refused(answer.result(30), 403, "approval_denied")
        self.assertEqual(self.recorder.seen("/hold/denied"), [])
        self.assertEqual(self.events(operation), ["waiting", "denied"])
        self.assertEqual(self.decide("allow", operation).returncode, 1)

    def test_nobody_decides_in_time_and_nobody_can_any_more(self):
        answer = self.send("/short/late").result(30)
        self.refused(answer, 403, "approval_required")
        operation = self.operation("/short/late", "expired")
        done = self.decide("allow", operation)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"decided already: expired", done.stderr)
        self.assertEqual(self.recorder.seen("/short/late"), [])

    def test_who_hangs_up_is_never_sent(self):
        wire = self.running.tunnel(H)
        wire.send(client.request_bytes("POST", "/hold/gone", H, JSON, BODY))
        operation = self.operation("/hold/gone")
        wire.close()
        self.operation("/hold/gone", "client_gone")
        self.assertEqual(self.decide("allow", operation).returncode, 1)
        self.assertEqual(self.recorder.seen("/hold/gone"), [])

    def test_who_hangs_up_with_bytes_behind_the_request_is_never_sent(self):
        wire = self.running.tunnel(H)
        wire.send(client.request_bytes("POST", "/hold/behind", H, JSON, BODY) + b"G")
        operation = self.operation("/hold/behind")
        wire.close()
        self.operation("/hold/behind", "client_gone")
        self.assertEqual(self.decide("allow", operation).returncode, 1)
        self.assertEqual(self.recorder.seen("/hold/behind"), [])

    def test_of_two_who_decide_one_is_told_that_it_was_too_late(self):
        answer = self.send("/hold/two")
        operation = self.operation("/hold/two")
        with concurrent.futures.ThreadPoolExecutor(2) as people:
            done = list(people.map(lambda what: self.decide(what, operation).returncode, ("allow", "allow")))
        self.assertEqual(sorted(done), [0, 1])
        self.assertEqual(answer.result(30).status, 200)
        self.recorder.one("/hold/two")

    def test_others_go_on_meanwhile(self):
        answer = self.send("/hold/meanwhile")
        operation = self.operation("/hold/meanwhile")
        self.assertEqual(self.running.ask(H, "GET", "/free/x", JSON).status, 200)
        self.decide("deny", operation)
        answer.result(30)

    def test_a_secret_that_was_rotated_meanwhile_voids_it(self):
        running = self.another("rotated")
        answer = self.send("/hold/rotated", running=running)
        operation = self.operation("/hold/rotated", running=running)
        told = self.later("/later/rotated", running=running)
        later = self.operation("/later/rotated", running=running)
        running.home.must("secret", "rotate", K, stdin=VALUE2.encode(), unlock=True)
        self.allow(later, running)
        self.decide("allow", operation, running)
        self.refused(answer.result(30), 409, "approval_mismatch")
        self.refused(self.retry("/later/rotated", told, running), 409, "approval_mismatch")
        self.assertEqual(self.recorder.seen("/hold/rotated") + self.recorder.seen("/later/rotated"), [])

    def test_curl_waits_and_gets_the_answer(self):
        out = self.scratch / "curl.out"
        process = subprocess.Popen(
            ["curl", "--silent", "--proxy", f"http://127.0.0.1:{self.running.port}", "--cacert", str(self.home.ca),
             "--header", f"Authorization: Bearer {P}", "--data", "a=b", "--output", str(out), "--write-out",
             "%{http_code}", f"https://{H}/hold/curl"], stdout=subprocess.PIPE, env=proxy.clean_environment())
        self.allow(self.operation("/hold/curl"))
        self.assertEqual(process.communicate(timeout=30)[0], b"200")
        self.assertEqual(out.read_bytes(), b"recorded")

    # --- told 202 ---
    def test_asked_after_and_sent_again_once(self):
        told = self.later("/later/again?x=1", headers=[("X-Amount", "100")])
        self.assertEqual((told["state"], told["terminal"], told["poll_operation_status"],
                          told["retry_original_request"]), ("waiting", False, True, False))
        self.assertEqual(self.poll(told)[1]["state"], "waiting")
        self.assertEqual(self.retry("/later/again?x=1", told, headers=[("X-Amount", "100")]).status, 202)
        self.allow(self.operation("/later/again"))
        status, now = self.poll(told)
        self.assertEqual((status, now["state"], now["retry_original_request"]), (200, "approved", True))
        self.assertIn("retry_expires_at", now)
        for other in ({"body": BODY[:-1] + b" "}, {"headers": [("X-Amount", "101")]}, {"method": "PUT"}):
            wrong = {"headers": [("X-Amount", "100")], **other}
            self.refused(self.retry("/later/again?x=1", told, **wrong), 409, "approval_mismatch")
        self.refused(self.retry("/later/again?x=2", told, headers=[("X-Amount", "100")]), 409, "approval_mismatch")
        self.assertEqual(self.recorder.seen("/later/again"), [])
        self.assertEqual(self.retry("/later/again?x=1", told, headers=[("X-Amount", "100")]).status, 200)
        sent = self.recorder.one("/later/again")
        self.assertEqual((sent.get("Keyswap-Operation"), sent.get("Authorization")), (None, f"Bearer {V}"))
        self.refused(self.retry("/later/again?x=1", told, headers=[("X-Amount", "100")]), 409, "approval_used")
        self.operation("/later/again", "succeeded")
        status, now = self.poll(told)
        self.assertEqual((now["state"], now["terminal"], now["retry_original_request"]), ("succeeded", True, False))

    def test_two_at_once_send_it_once(self):
        told = self.later("/later/twice")
        self.allow(self.operation("/later/twice"))
        both = [self.send("/later/twice", headers=[("Keyswap-Operation", told["operation_id"])]) for _ in range(2)]
        self.assertEqual(sorted(answer.result(30).status for answer in both), [200, 409])
        self.recorder.one("/later/twice")

    def test_an_operation_that_is_not_ones_own_is_not_there(self):
        told = self.later("/later/own")
        for path in (f"/.well-known/keyswap/operations/{told['operation_id']}?t={'0' * 64}",
                     f"/.well-known/keyswap/operations/{told['operation_id']}",
                     "/.well-known/keyswap/operations/op_0?t=0"):
            self.refused(self.running.ask(H, "GET", path), 404, "approval_unknown")
        self.refused(self.retry("/later/own", {"operation_id": "op_0"}), 404, "approval_unknown")
        self.assertEqual(self.recorder.seen("/.well-known"), [])

    def test_what_was_denied_or_not_sent_in_time_is_over(self):
        denied, late = self.later("/later/denied"), self.later("/soon/late")
        self.decide("deny", self.operation("/later/denied"))
        self.allow(self.operation("/soon/late"))
        self.refused(self.retry("/later/denied", denied), 403, "approval_denied")
        self.operation("/soon/late", "expired")
        self.refused(self.retry("/soon/late", late), 410, "approval_expired")
        self.assertTrue(self.poll(late)[1]["terminal"])

    # --- who decides sees the bytes ---
    def test_what_is_shown_is_made_of_the_bytes(self):
        """[I1] Neither the secret, nor what turns words around on a terminal."""
        body = '{"to":"\u202egnp.exe\x1b[31m"}'.encode()
        answer = self.send("/hold/shown?q=1", body=body)
        operation = self.operation("/hold/shown")
        shown = self.home.must("approve", "show", operation["operation"], unlock=True).stdout.decode()
        self.assertIn("POST /hold/shown?q=1\n", shown)
        self.assertIn('{"to":"\\u202Egnp.exe\\u001B[31m"}', shown)
        self.assertNotIn("\x1b", shown)
        self.assertNotIn("\u202e", shown)
        table = self.home.must("approve", "list").stdout.decode()
        self.assertIn(operation["operation"], table)
        self.decide("deny", operation)
        answer.result(30)
        after = self.home.must("approve", "show", operation["operation"], unlock=True).stdout.decode()
        self.assertNotIn("gnp", after)

    def test_whoever_watches_sees_each_change(self):
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path)
        watching = subprocess.Popen([proxy.BINARY, "approve", "list", "--watch", "--json"], stdout=subprocess.PIPE,
                                    env=environment)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.kill)
        answer = self.send("/hold/watched")

        def news():
            while True:
                one = json.loads(watching.stdout.readline())
                if one["path"] == "/hold/watched":
                    return one
        seen = news()
        self.assertEqual(seen["state"], "waiting")
        self.decide("deny", seen)
        self.assertEqual(news()["state"], "denied")
        answer.result(30)

    def test_an_unknown_operation_is_a_clear_error(self):
        done = self.home.run("approve", "allow", "op_0", "--yes", unlock=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"there is no such operation", done.stderr)

    # --- bounds, and the proxy's end ---
    def test_of_one_caller_eight_wait(self):
        """[I10]"""
        running = self.another("many")
        told = [self.later(f"/later/{number}", running) for number in range(8)]
        self.refused(self.send("/later/9", running=running).result(30), 429, "too_many_held")
        self.refused(self.send("/hold/9", running=running).result(30), 429, "too_many_held")
        self.decide("deny", self.operation("/later/0", running=running), running)
        self.assertEqual(self.send("/later/9", running=running).result(30).status, 202)
        self.assertEqual(len(told), 8)

    def test_a_body_of_more_than_a_mebibyte_is_not_held(self):
        """[I10]"""
        answer = self.send("/hold/long", body=b"x" * (1024 * 1024 + 1)).result(30)
        self.refused(answer, 413, "body_too_large")
        self.assertEqual(self.recorder.seen("/hold/long"), [])

    def test_the_end_of_the_proxy_ends_the_waiting(self):
        running = self.another("ended")
        answer = self.send("/hold/ended", running=running)
        self.operation("/hold/ended", running=running)
        self.assertEqual(running.stop(), 0)
        self.refused(answer.result(30), 503, "shutting_down")
        self.assertEqual(self.recorder.seen("/hold/ended"), [])

    def test_killed_in_each_state(self):
        """[I6] What waited on a connection is over; what was told 202 goes on; what was being sent nobody knows."""
        running = self.another("killed")
        home = running.home
        held = self.send("/hold/killed", running=running)
        self.operation("/hold/killed", running=running)
        waiting = self.later("/later/waiting", running)
        approved = self.later("/later/approved", running)
        self.allow(self.operation("/later/approved", running=running), running)
        asked, go_on = [], threading.Event()
        self.addCleanup(go_on.set)
        self.recorder.on("/later/executing", lambda request, _: asked.append(request) or go_on.wait(60))
        executing = self.later("/later/executing", running)
        self.allow(self.operation("/later/executing", running=running), running)
        sent = self.send("/later/executing", headers=[("Keyswap-Operation", executing["operation_id"])], running=running)
        self.assertTrue(self.recorder.wait(lambda: asked, 20))
        running.kill()
        for answer in (held, sent):
            self.assertIsNone(self.answer_or_none(answer))
        running = self.begin(home)
        states = {one["path"]: one["state"] for one in self.listed(running)}
        self.assertEqual(states, {"/hold/killed": "expired", "/later/waiting": "waiting",
                                  "/later/approved": "approved", "/later/executing": "unknown"})
        self.assertEqual(self.retry("/later/approved", approved, running).status, 200)
        self.refused(self.retry("/later/executing", executing, running), 409, "approval_used")
        self.assertEqual(self.poll(waiting, running)[1]["state"], "waiting")
        operation = self.operation("/later/waiting", running=running)
        shown = home.must("approve", "show", operation["operation"], unlock=True).stdout
        self.assertIn(BODY, shown)
        self.allow(operation, running)
        self.assertEqual(self.retry("/later/waiting", waiting, running).status, 200)
        self.assertEqual([r["event"] for r in running.records() if r["type"] == "operation" and
                          r["operation"] == executing["operation_id"]],
                         ["waiting", "approved", "executing", "unknown"])

    @staticmethod
    def answer_or_none(answer):
        try:
            return answer.result(30)
        except (OSError, AssertionError):
            return None


if __name__ == "__main__":
    main()
