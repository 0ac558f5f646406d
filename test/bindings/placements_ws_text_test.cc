// SPDX-License-Identifier: Apache-2.0
#include "test/bindings/placing.h"

namespace keyswap::bindings {

using test::in_field;
using test::in_target;

TEST_CASE("D18 a place in messages is in no part of a request") {
  const auto place = make_ws_text();
  const std::string placeholder(test::kP);
  CHECK(place->kind() == "ws_text");
  CHECK(in_field(*place, "authorization", "Bearer " + placeholder).empty());
  CHECK(in_target(*place, "/?token=" + placeholder).empty());
  CHECK(place->in_body() == nullptr);
  CHECK_FALSE(place->can_be_filled());
}

TEST_CASE("what is no text, or ends a string, cannot stand in a message") {
  const auto place = make_ws_text();
  CHECK(place->check("se\"cr\\et\n\xC3\xA9"));
  CHECK_FALSE(place->check(""));
  CHECK_FALSE(place->check("se\xFF"));
  CHECK(place->can_hold("kswp_PLACEHOLDER/000000000001"));
  CHECK_FALSE(place->can_hold("kswp_PLACEHOLDER\"000000000001"));
  CHECK_FALSE(place->can_hold("kswp_PLACEHOLDER\\000000000001"));
}

}  // namespace keyswap::bindings
