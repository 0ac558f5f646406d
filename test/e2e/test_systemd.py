# SPDX-License-Identifier: Apache-2.0
"""examples/another-user as it stands, line by line, on a machine that systemd runs: real users, the passphrase sealed by
systemd, the unit of examples/systemd started, reloaded and stopped by its manager. The editor's step alone is done by a
file that is put there; api.openai.com leads to the recorder. The block of docs/operations.md likewise."""

import pathlib
import re
import shutil
import tempfile
import unittest

from harness import canary, machine, proxy
from harness.case import Case, document, main
from test_examples import EXAMPLES, HOST, NAME, RULE, VALUE

LACK = machine.lack()
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```$", re.S | re.M)
UNITS = ("keyswap.service", "keyswap-audit-journal.service", "user/keyswap.service")
BEFORE = """
exec 2>&1
cp /machine/keyswap /usr/local/bin/keyswap
for unit in {units}; do systemd-analyze verify --man=no examples/systemd/$unit; done
install -d /etc/systemd/system/keyswap.service.d
printf '[Service]\\nStandardError=append:/machine/service\\n' > /etc/systemd/system/keyswap.service.d/told.conf
trap 'systemctl status keyswap --no-pager || :; cat service' ERR
set -x
"""
# What the manager made of the unit, and what the kernel says of the process.
LOOK = """
[ "$(systemctl is-active keyswap)" = active ]
systemctl show keyswap -p Type,ActiveState,SubState,MainPID,NRestarts > shown
cp /proc/$(systemctl show keyswap -p MainPID --value)/status process
"""
AFTER = """
systemctl reload keyswap
is_reloaded() { grep -q '"type":"reload"' -r /var/lib/keyswap/home/audit; }
for _ in $(seq 300); do is_reloaded && break; sleep 0.1; done
is_reloaded
systemctl stop keyswap
systemctl show keyswap -p Result,ExecMainStatus,ActiveState > stopped
cp -r /var/lib/keyswap/home/audit audit
"""


@unittest.skipIf(LACK, LACK)
class Service(Case):
    secrets = {NAME: VALUE}

    def test_the_unit_is_started_by_a_manager_as_its_example_says(self):
        """[I13] With the restrictions of the unit, as its user, served to one who is let in and to nobody else."""
        authority, identity = self.make_pki([HOST])
        recorder = self.make_recorder(identity)
        folder = self.folder()
        shutil.copy(authority.certificate, folder / "root.pem")
        content = document({NAME: RULE}, recorder=recorder, hosts=(HOST,), root=authority.certificate, allow_users=["agent"])
        content["upstream"]["ca_file"] = "/etc/keyswap-root.pem"
        (folder / "bindings.yaml").write_text(proxy.yaml(content) + "\n")

        run = machine.Machine(folder, self.script())
        self.addCleanup(run.end)
        status, output = run.wait(240)
        self.assertEqual(status, "0", output)
        self.assertEqual([r.all("Authorization") for r in recorder.seen("/v1/models")], [[f"Bearer {VALUE}"]])
        self.assertIn("user_not_allowed", output)  # what root was told
        self.check(folder, output)

    def test_the_service_of_the_document_starts_as_it_says(self):
        """[I13] With another user's passphrase in a credential, and no bindings but those that a command made."""
        folder = self.folder()
        text = (EXAMPLES.parent / "docs" / "operations.md").read_text()
        block = next(text for _, text in BLOCK.findall(text) if "as_keyswap()" in text)
        (folder / "block.sh").write_text(block)
        install = "install -m 644 examples/systemd/keyswap.service /etc/systemd/system/\n"
        run = machine.Machine(folder, self.before() + install + ". ./block.sh < value\n" + LOOK + AFTER)
        self.addCleanup(run.end)
        status, output = run.wait(240)
        self.assertEqual(status, "0", output)
        self.check(folder, output)

    @staticmethod
    def before():
        return BEFORE.format(units=" ".join(UNITS))

    def folder(self):
        """What lies in /machine."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-machine-"))
        self.addCleanup(shutil.rmtree, folder, True)
        folder.chmod(0o755)
        shutil.copy(proxy.BINARY, folder / "keyswap")
        shutil.copytree(EXAMPLES, folder / "examples")
        (folder / "value").write_text(VALUE)
        return folder

    def check(self, folder, output):
        """It ran as its unit says, ended as it was told, and wrote no secret."""
        shown = dict(line.split("=", 1) for line in (folder / "shown").read_text().splitlines())
        self.assertEqual((shown["Type"], shown["SubState"], shown["NRestarts"]), ("notify", "running", "0"))
        process = dict(re.findall(r"^(\w+):\s*(.*)$", (folder / "process").read_text(), re.M))
        self.assertNotIn("0", process["Uid"].split())
        self.assertEqual({process[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {"0" * 16})
        self.assertEqual((process["NoNewPrivs"], process["Seccomp"]), ("1", "2"))
        stopped = dict(line.split("=", 1) for line in (folder / "stopped").read_text().splitlines())
        self.assertEqual(stopped, {"Result": "success", "ExecMainStatus": "0", "ActiveState": "inactive"})
        (folder / "value").unlink()
        self.assertEqual(canary.search(folder, [("the walk", output.encode())], self.secrets), [])

    def script(self):
        """Every block of the example, in its order: `sh` as it stands, of `console` what is behind the root's prompt."""
        steps = [self.before(), "cp /machine/root.pem /etc/keyswap-root.pem"]
        for kind, text in BLOCK.findall((EXAMPLES / "another-user" / "README.md").read_text()):
            if kind == "console":
                text = "".join(f"{line[2:]}\n" for line in text.splitlines() if line.startswith("# "))
            if "secret add" in text:
                text = f"{text.strip()} < value\n"
            if "bindings edit" in text:
                text = ("install -o keyswap -m 600 bindings.yaml /var/lib/keyswap/home/bindings.yaml\n" +
                        text.replace("bindings edit", "bindings approve --yes"))
            if "keyswap env" in text:
                text = LOOK + text
            steps.append(text)
        return "\n".join([*steps, f"curl -sS -x http://127.0.0.1:8472 http://{HOST}/ || :", AFTER])


if __name__ == "__main__":
    main()
