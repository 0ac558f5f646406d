// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/argument_mistake.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("what the parser says of a value is said without it", "[I1]") {
  CHECK(without_value("Could not convert: --port = sk-live, more = x") ==
        "--port does not take that value (not shown here, in case it is a secret)");
  CHECK(without_value("--threads: Value sk: live not in range 1 to 256") ==
        "--threads: that is no number from 1 to 256");
  CHECK(without_value("--approval: sk\nlive not in {x not in {key,passphrase}") ==
        "--approval: that is none of key, passphrase");
  CHECK(without_value("--password-fd: not a file descriptor") ==
        "--password-fd: not a file descriptor");
  CHECK(without_value("NAME is required\nRun with --help") == "NAME is required");
}

}  // namespace keyswap::cli
