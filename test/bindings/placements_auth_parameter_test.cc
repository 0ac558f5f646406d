// SPDX-License-Identifier: Apache-2.0
//
// The placement of a key in an Authorization field (bindings/placements/auth_parameter.cc).
#include "test/bindings/placing.h"

namespace keyswap::bindings {

using test::kP;

namespace {

std::string spots_in(const std::string& value, const std::string& name = "Authorization") {
  return test::in_field(*make_auth_parameter("deri-hmac-sha256", "id"), name, value);
}

}  // namespace

TEST_CASE("The key's parameter of the scheme's Authorization field holds the placeholder", "[I2]") {
  const std::string p(kP);
  CHECK(spots_in("deri-hmac-sha256 id=" + p) == "0:20-49x1");
  CHECK(spots_in("DERI-HMAC-SHA256 id=\"" + p + "\", ts=1,nonce=2,sig=3") == "0:21-50x1");
  CHECK(spots_in("deri-hmac-sha256 ts=1,id=" + p, "authorization") == "0:25-54x1");
  CHECK(test::in_target(*make_auth_parameter("deri-hmac-sha256", "id"), "/?id=" + p).empty());
  CHECK(spots_in("deri-hmac-sha256 id=" + p, "X-Authorization").empty());
  for (const auto& other : {"Bearer " + p,
                            "Bearer id=" + p,
                            "deri-hmac-sha256 " + p,
                            "deri-hmac-sha256 ID=" + p,
                            "deri-hmac-sha256 sig=" + p,
                            "deri-hmac-sha256 id=x" + p,
                            "deri-hmac-sha256 id=" + p + ",id=" + p}) {
    INFO(other);
    CHECK(spots_in(other).empty());
  }
}

TEST_CASE("An Authorization field's key is shown as a client writes it, and found there") {
  const auto placement = make_auth_parameter("OAuth", "oauth_consumer_key");
  ClientHead head{"/a", {}};
  placement->show(kP, head);
  REQUIRE(head.fields.size() == 1);
  const auto [name, value] = head.fields[0];
  CHECK_FALSE(test::in_field(*placement, name, value).empty());
  CHECK(placement->count({test::fields_of({{name, value}, {"Authorization", "x"}}), "/"}) == 2);
  CHECK(placement->can_hold(kP));
  CHECK_FALSE(placement->can_hold("a\"b"));
}

TEST_CASE("Only its scheme writes such a field", "[I9]") {
  const auto placement = make_auth_parameter("OAuth", "oauth_consumer_key");
  REQUIRE(vault::lock_memory());
  auto scratch = vault::LockedBuffer::of_capacity(16);
  REQUIRE(scratch);
  Edits edits;
  const http::HeaderList none;
  CHECK(placement->fill({{none, "/"}, {"key"}, *scratch}, edits).error().code ==
        base::Errc::unsupported);
  CHECK(placement->check("key").has_value());
  CHECK_FALSE(placement->check("").has_value());
}

}  // namespace keyswap::bindings
