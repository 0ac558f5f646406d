#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a new user sees: README.md's set-up on a terminal, line by line, unedited.

What is typed at a prompt does not show, as on any terminal. Only the upstream is another than in life (test_readme.py).
"""

import sys
import unittest

import test_readme
from harness import lifetime


class Transcript(test_readme.Readme):
    """The set-ups alone; tells what their terminals showed."""

    @classmethod
    def tearDownClass(cls):
        for user in cls.users:
            print(f"--- {user.base.name}: {user.questions} questions\n")
            for line, seen in user.outputs:
                print(f"$ {line}\n{seen.decode(errors='replace')}".replace("\r\n", "\n"))
        super().tearDownClass()


def main():
    lifetime.keep()
    suite = unittest.TestSuite(Transcript(name) for name in (
        "test_with_a_key_file_the_lines_work_as_they_stand",
        "test_with_a_passphrase_the_proxy_asks_and_goes_to_the_background"))
    return 0 if unittest.TextTestRunner(stream=sys.stderr).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
