// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reason_elsewhere.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

TEST_CASE("a placeholder that is bound nowhere here says whether a note is to blame") {
  const auto reason = [](bindings::OutOfForce why) {
    bindings::SecretRule rule;
    rule.out_of_force = why;
    return audit::to_string(reason_elsewhere(rule));
  };
  CHECK(reason(bindings::OutOfForce::no) == "destination_not_in_binding");
  CHECK(reason(bindings::OutOfForce::no_note) == "no_binding_in_notes");
  CHECK(reason(bindings::OutOfForce::invalid_note) == "invalid_binding_metadata");
  CHECK(reason(bindings::OutOfForce::host_not_listed) == "host_not_in_allowlist");
}

}  // namespace keyswap::flow
