# SPDX-License-Identifier: Apache-2.0
"""Names are looked up without waiting for each other, once for all who ask, and remembered for a short while.
In a network of the test's own, with a name server that answers as it is told."""

import socket
import threading
import time

from harness import client, network, pki
from harness.case import K, P, V, Case, bearer, document, main
from harness.recorder import CloseConnection

AUTH = [("Authorization", f"Bearer {P}")]
GOOD, GOOD2, OTHER_SERVER, DEAD_SERVER = "45.33.32.1", "45.33.32.2", "127.0.0.54", "127.0.0.55"
STUCK = [f"stuck-{i}.names.test" for i in range(40)]


def closing(request, connection):
    """Each request needs a connection of its own, and so a look-up."""
    connection.answer(headers=[("Connection", "close")])
    raise CloseConnection


class Names(Case):
    secrets = {K: V}
    names = ["quick", "shared", "kept", "short", "later", "hosts", "moved", "second-server", "no-six", "absolute", "big",
             "patient", "impatient", "nowhere", "two", "many"]
    hosts = [*(f"{name}.names.test" for name in names), *STUCK, "nothing.invalid"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        network.give_out(GOOD, GOOD2)
        cls.root = pki.Authority(cls.scratch / "root", "good root")
        cls.identity = cls.root.leaf([*cls.hosts, "single"])
        cls.files = network.Files()
        cls.server = network.NameServer()
        cls.addClassCleanup(cls.server.stop)
        cls.other_server = network.NameServer(OTHER_SERVER)
        cls.dead_server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.dead_server.bind((DEAD_SERVER, 53))
        cls.good = cls.make_recorder(cls.identity, at=(GOOD, 443))
        cls.good2 = cls.make_recorder(cls.identity, at=(GOOD2, 443))
        for listening in (cls.good, cls.good2):
            listening.on("/", closing)
        for name in STUCK:
            cls.server.never_answers(name)
        cls.home = cls.make_home(secrets={K: V})
        rule = bearer(hosts=cls.hosts)
        rule["bindings"].append({"host": "single"})
        cls.home.bindings(document({K: rule}, root=cls.root.certificate))
        cls.proxy = cls.start(cls.home)

    def setUp(self):
        self.files.say(self.files.resolv, f"nameserver {network.NAME_SERVER}\n")
        self.files.say(self.files.hosts, "127.0.0.1 localhost\n")

    def ask(self, name, *, seconds=20.0):
        before = time.monotonic()
        host = name if "." in name or name == "single" else f"{name}.names.test"
        answer = self.proxy.ask(host, target=f"/{name}", headers=AUTH, timeout=seconds)
        return answer, time.monotonic() - before

    def answered(self, name, *, at_most=4.0):
        answer, took = self.ask(name)
        self.assertEqual((answer.status, answer.body), (200, b"recorded"), answer)
        self.assertLess(took, at_most)
        return took

    def questions(self, name, kind=network.A, server=None):
        return len((server or self.server).questions(f"{name}.names.test", kind))

    def test_look_ups_that_never_end_delay_no_other_name(self):
        outcomes = {}
        threads = [threading.Thread(target=lambda name=name: outcomes.update({name: self.ask(name)})) for name in STUCK]
        for thread in threads:
            thread.start()
        self.assertTrue(self.good.wait(lambda: all(self.server.questions(name) for name in STUCK)))
        self.server.says("quick.names.test", GOOD)
        self.answered("quick")
        for thread in threads:
            thread.join()
        for name, (answer, took) in outcomes.items():
            self.refused(answer, 504, "upstream_timeout")
            self.assertLess(took, 12, name)

    def test_one_question_for_all_who_ask_the_same_name(self):
        self.server.says("shared.names.test", GOOD, delay=0.5)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.ask("shared")[0].status)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200] * 12)
        self.assertEqual(self.questions("shared"), 1)
        self.assertEqual(self.questions("shared", network.AAAA), 1)

    def test_one_who_gives_up_takes_the_answer_from_nobody(self):
        self.server.says("patient.names.test", GOOD, delay=1.0)
        wire = self.proxy.tunnel("patient.names.test")
        wire.send(client.request_bytes("GET", "/gone", "patient.names.test", AUTH))
        self.assertTrue(self.good.wait(lambda: self.questions("patient") == 1))
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.ask("patient")[0].status))
        thread.start()
        time.sleep(0.2)
        wire.close()
        thread.join()
        self.assertEqual(answers, [200])

    def test_an_address_is_remembered_for_as_long_as_its_record_says(self):
        self.server.says("kept.names.test", GOOD, ttl=60)
        self.answered("kept")
        self.answered("kept")
        self.assertEqual(self.questions("kept"), 1)
        self.server.says("short.names.test", GOOD, ttl=0)
        self.answered("short")
        self.answered("short")
        self.assertEqual(self.questions("short"), 2)

    def test_a_failure_is_remembered_for_seconds(self):
        answer, _ = self.ask("later")
        self.refused(answer, 502, "upstream_dns_failed")
        self.server.says("later.names.test", GOOD)
        answer, took = self.ask("later")
        self.refused(answer, 502, "upstream_dns_failed")
        self.assertEqual(self.questions("later"), 1)
        self.assertLess(took, 1)
        end = time.monotonic() + 10
        while self.ask("later")[0].status != 200:
            self.assertLess(time.monotonic(), end, "the failure is still remembered")
            time.sleep(0.1)

    def test_the_hosts_file_comes_first_and_counts_at_once(self):
        self.server.says("hosts.names.test", "45.33.32.99")
        self.files.say(self.files.hosts, f"127.0.0.1 localhost\n{GOOD2} hosts.names.test\n")
        self.answered("hosts")
        self.assertEqual(len(self.good2.seen("/hosts")), 1)
        self.files.say(self.files.hosts, f"127.0.0.1 localhost\n{GOOD} other hosts.names.test # moved\n")
        self.answered("hosts")
        self.assertEqual(len(self.good.seen("/hosts")), 1)
        self.assertEqual(self.questions("hosts"), 0)

    def test_every_line_of_the_hosts_file_counts(self):
        self.files.say(self.files.hosts, f"45.33.32.88 two.names.test\n{GOOD} two.names.test\n")
        self.answered("two")

    def test_other_name_servers_are_asked_as_soon_as_the_file_names_them(self):
        self.server.says("moved.names.test", GOOD, ttl=60)
        self.answered("moved")
        self.other_server.says("moved.names.test", GOOD2, ttl=60)
        self.files.say(self.files.resolv, f"# another network\nnameserver {OTHER_SERVER}\n")
        self.other_server.says("many.names.test", GOOD2)
        self.answered("many")
        self.answered("moved")
        self.assertEqual(len(self.good2.seen("/moved")), 1)
        self.assertEqual(self.questions("many"), 0)

    def test_a_dead_name_server_costs_a_moment(self):
        self.server.says("second-server.names.test", GOOD)
        self.files.say(self.files.resolv, f"nameserver {DEAD_SERVER}\nnameserver {network.NAME_SERVER}\n")
        self.answered("second-server", at_most=4)

    def test_one_family_that_is_never_answered_is_not_waited_for(self):
        self.server.says("no-six.names.test", GOOD, silent=(network.AAAA,))
        self.answered("no-six")

    def test_a_whole_name_is_asked_for_as_it_is_and_nothing_else(self):
        self.files.say(self.files.resolv,
                       f"nameserver {network.NAME_SERVER}\nsearch inside.test names.test\noptions ndots:5\n")
        self.server.says("absolute.names.test.inside.test", GOOD)
        answer, _ = self.ask("absolute")
        self.refused(answer, 502, "upstream_dns_failed")
        self.assertEqual(self.server.questions("absolute.names.test.inside.test"), [])

    def test_a_long_answer_is_fetched_over_tcp(self):
        self.server.says("big.names.test", GOOD, truncated=True)
        self.answered("big")

    def test_names_that_nobody_has_are_not_asked_for(self):
        answer, _ = self.ask("nothing.invalid")
        self.refused(answer, 502, "upstream_dns_failed")
        self.assertEqual(self.server.questions("nothing.invalid"), [])

    def test_a_name_with_no_address_is_told_at_once(self):
        self.server.says("nowhere.names.test")
        answer, took = self.ask("nowhere")
        self.refused(answer, 502, "upstream_dns_failed")
        self.assertLess(took, 2)

    def test_clients_that_give_up_leave_room_and_descriptors(self):
        before = self.proxy.descriptors()
        for name in STUCK:
            wire = self.proxy.tunnel(name)
            wire.send(client.request_bytes("GET", "/gone", name, AUTH))
            wire.close()
        self.server.says("impatient.names.test", GOOD)
        self.answered("impatient")
        end = time.monotonic() + 20
        while self.proxy.descriptors() > before + 2 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertLessEqual(self.proxy.descriptors(), before + 2)


if __name__ == "__main__":
    network.enter()
    main()
