# SPDX-License-Identifier: Apache-2.0
"""The clocks of the program under test, moved by the test (test/support/moved_clock.c says how)."""

import ssl
import struct

from harness.packages import BUILD

DAY = 86_400


class Clock:
    """The file is the clocks': a program that was started with this environment reads it at every look at the time."""

    def __init__(self, file, seconds=0):
        self.file, self.of_day, self.steady = file, 0, 0
        self.file.write_bytes(struct.pack("qq", 0, 0))
        self.forward(seconds)

    def forward(self, seconds):
        """So much time passes."""
        self.steady += seconds
        self.set(self.of_day + seconds)

    def set(self, seconds):
        """Somebody sets the time of day: so many seconds after the machine's, or before it."""
        self.of_day = seconds
        with open(self.file, "r+b", buffering=0) as file:
            file.write(struct.pack("qq", self.of_day, self.steady))

    def environment(self):
        return {"LD_PRELOAD": str(BUILD / "test" / "libmoved_clock.so"), "KEYSWAP_TEST_CLOCK": str(self.file)}

    @staticmethod
    def client_context():
        """Certificates of a later day are none of a client's business."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        return context
