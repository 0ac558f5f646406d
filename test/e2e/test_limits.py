# SPDX-License-Identifier: Apache-2.0
"""rate_limit, quota, blocked and max_body of a binding, through the real program."""

import json
import stat
import threading

from harness.case import V, OneProxy, bearer, main

RATE, QUOTA, BLOCK, BODY, OTHER = (f"{name}.example.test" for name in ("rate", "quota", "block", "body", "other"))


def bound(name, host, **limits):
    """A secret of its own name; all have the same value."""
    return name, bearer(name, f"{name}-PLACEHOLDER-0123456789abcdef", (host,), **limits)


class Limits(OneProxy):
    hosts = (RATE, QUOTA, BLOCK, BODY, OTHER)
    secrets = {name: V for name in ("RATE", "QUOTA", "BLOCK", "BODY", "OTHER")}
    threads = 4

    @classmethod
    def rules(cls):
        return dict([
            bound("RATE", RATE, rate_limit={"requests": 2, "per": "1h"}),
            bound("QUOTA", QUOTA, quota={"requests": 20, "per": "day"}),
            bound("BLOCK", BLOCK, blocked=["DELETE /repos/*", "PUT /repos/*/admin/*"]),
            bound("BODY", BODY, max_body="1KiB"),
            bound("OTHER", OTHER, rate_limit={"requests": 0, "per": "1h"}),
        ])

    def call(self, name, target="/", method="GET", body=b""):
        headers = [("Authorization", f"Bearer {name}-PLACEHOLDER-0123456789abcdef")]
        return self.ask(f"{name.lower()}.example.test", method, target, headers, body)

    def shown(self):
        answer = json.loads(self.home.must("limits", "show", "--json").stdout)
        return {row["secret"]: row for row in answer["limits"]}

    def test_F34_F35_F36_a_rate_limit_is_each_secrets_own(self):
        self.assertEqual([self.call("RATE", "/f34").status for _ in range(2)], [200, 200])
        answer = self.call("RATE", "/f34")
        problem = self.refused(answer, 429, "rate_limited")
        self.assertLessEqual(int(answer.get("Retry-After")), 1800)
        self.assertGreater(int(answer.get("Retry-After")), 1700)
        self.assertTrue(problem["retryable"])
        self.assertEqual(len(self.recorder.seen("/f34")), 2)
        self.assertEqual([self.call("OTHER", "/f35").status for _ in range(10)], [200] * 10)
        # A reload gives nothing out again, also one that changes the limit.
        changed = self.document()
        changed["secrets"]["RATE"]["bindings"][0]["rate_limit"]["requests"] = 3
        self.home.bindings(changed)
        self.proxy.reload()
        self.refused(self.call("RATE", "/f34"), 429, "rate_limited")

    def test_F27_a_quota_holds_under_concurrency_a_reload_and_kill(self):
        """Calls at once over four loops: exactly the quota, and none after kill -9 and a new start."""
        statuses = []
        barrier = threading.Barrier(10)

        def calls():
            barrier.wait()
            for _ in range(4):
                statuses.append(self.call("QUOTA", "/f27").status)

        threads = [threading.Thread(target=calls) for _ in range(10)]
        for thread in threads:
            thread.start()
        self.proxy.reload()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [200] * 20 + [429] * 20)
        self.assertEqual(len(self.recorder.seen("/f27")), 20)
        row = self.shown()["QUOTA"]
        self.assertEqual((row["used"], row["left"], row["per_day"]), (20, 0, 20))
        type(self).proxy.kill()
        type(self).proxy = self.start(self.home, threads=self.threads)
        answer = self.call("QUOTA", "/f27")
        self.refused(answer, 429, "quota_exceeded")
        self.assertLessEqual(int(answer.get("Retry-After")), 86400)
        self.assertEqual(len(self.recorder.seen("/f27")), 20)
        self.assertEqual(stat.S_IMODE((self.home.path / "limits.db").stat().st_mode), 0o600)

    def test_F33_blocked_endpoints_reach_nobody_in_any_reading(self):
        for method, target in (("DELETE", "/repos/a"), ("DELETE", "/repos/a/b"), ("DELETE", "/REPOS/a"), ("DELETE", "/x/../repos/a"),
                               ("DELETE", "/%72epos/a"), ("DELETE", "//repos/a"), ("DELETE", "/repos/a?x=y"),
                               ("PUT", "/repos/o/admin/x")):
            with self.subTest(method=method, target=target):
                self.refused(self.call("BLOCK", target, method), 403, "endpoint_blocked")
        self.assertEqual(self.call("BLOCK", "/repos/a").status, 200)
        self.assertEqual(self.call("BLOCK", "/f33?x=/repos/a", "DELETE").status, 200)
        explained = self.home.run("bindings", "explain", "DELETE", f"https://{BLOCK}/repos/a")
        self.assertEqual(explained.returncode, 1)
        self.assertIn(b"DELETE /repos/*", explained.stdout)

    def test_a_body_past_its_bound_is_refused(self):
        self.assertEqual(self.call("BODY", "/fits", "POST", b"x" * 1024).status, 200)
        self.refused(self.call("BODY", "/too-long", "POST", b"x" * 1025), 413, "body_too_large")
        self.assertEqual(self.recorder.seen("/too-long"), [])

    def test_limits_show_needs_no_proxy_and_no_passphrase(self):
        home = self.make_home("shown", secrets={})
        home.bindings(self.document())
        rows = json.loads(home.must("limits", "show", "--json").stdout)
        self.assertRegex(rows["resets"], r"^\d{4}-\d\d-\d\dT00:00:00Z$")
        self.assertEqual([row["used"] for row in rows["limits"] if row["limit"] == "quota"], [0])
        self.assertIn(b"2 requests per 1h", home.must("limits", "show").stdout)

    def test_I13_a_damaged_file_stops_the_start_and_is_told(self):
        home = self.make_home("damaged", secrets={})
        home.bindings(self.document())
        path = home.path / "limits.db"
        path.write_bytes(b"x" * 4096)
        path.chmod(0o600)
        shown = home.run("limits", "show")
        self.assertEqual(shown.returncode, 3)
        self.assertIn(b"limits.db", shown.stderr)
        served = home.run("serve", "--listen", "127.0.0.1:0", unlock=True)
        self.assertEqual(served.returncode, 3)
        self.assertIn(b"limits.db", served.stderr)


if __name__ == "__main__":
    main()
