// SPDX-License-Identifier: Apache-2.0
//
// The placement `basic` (bindings/placements/basic.cc).
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "test/bindings/placing.h"

namespace keyswap::bindings {

namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the builders

std::string basic(const std::string& pair) {
  return "Basic " + base::to_base64(pair);
}

const std::string kIn(kP);

}  // namespace

TEST_CASE("D06 the half of Basic credentials that is the placeholder is the spot", "[I2]") {
  const auto user = placed_by({{"basic", "user"}});
  const auto password = placed_by({{"basic", "password"}});
  const auto both = placed_by({{"basic", "both"}});
  CHECK(user->kind() == "basic");
  CHECK(user->name() == "authorization");
  // As git, pip, npm, Jira and NuGet send a token, and as Stripe does.
  CHECK(in_field(*password, "Authorization", basic("x-access-token:" + kIn)) == "basic 0:15-44x1");
  CHECK(in_field(*password, "authorization", basic("ann@example.com:" + kIn)) == "basic 0:16-45x1");
  CHECK(in_field(*user, "Authorization", basic(kIn + ":")) == "basic 0:0-29x1");
  CHECK(in_field(*both, "Authorization", basic(kIn + ":x")) == "basic 0:0-29x1");
  CHECK(in_field(*both, "Authorization", basic(":" + kIn)) == "basic 0:1-30x1");
  CHECK(in_field(*both, "Authorization", basic(kIn + ":" + kIn)) ==
        "basic 0:0-29x1 basic 0:30-59x1");
  CHECK(in_field(*user, "Authorization", basic("a:" + kIn)).empty());
  CHECK(in_field(*password, "Authorization", basic(kIn + ":a")).empty());
}

TEST_CASE("a half that is more than the placeholder, or elsewhere, is no spot", "[I2]") {
  const auto both = placed_by({{"basic", "both"}});
  for (const auto& pair : {"a" + kIn + ":b", kIn + "a:b", "a:" + kIn + "b", "a:b:" + kIn, kIn}) {
    INFO(pair);
    CHECK(in_field(*both, "Authorization", basic(pair)).empty());
  }
  CHECK(in_field(*both, "X-Other", basic(kIn + ":")).empty());
  CHECK(in_field(*both, "Authorization", "Bearer " + kIn).empty());
  CHECK(in_target(*both, "/?" + kIn).empty());
}

TEST_CASE("base64 that two servers could read in two ways holds nothing", "[I9]") {
  const auto user = placed_by({{"basic", "user"}});
  const std::string pair = base::to_base64(kIn + ":a");
  REQUIRE(pair.ends_with("="));
  CHECK(in_field(*user, "Authorization", "Basic " + pair) == "basic 0:0-29x1");
  CHECK(in_field(*user, "Authorization", "bASIC   " + pair) == "basic 0:0-29x1");
  const std::string bare = pair.substr(0, pair.find('='));
  for (const auto& other : {bare, pair + "=", pair + " ", " " + pair + ",", pair + pair}) {
    INFO(other);
    CHECK(in_field(*user, "Authorization", "Basic " + other).empty());
  }
}

TEST_CASE("Basic credentials may stand in another header, but in none that routes", "[I3]") {
  const auto placement = placed_by({{"basic", "user"}, {"header", "X-Basic-Auth"}});
  CHECK(placement->name() == "x-basic-auth");
  CHECK(in_field(*placement, "X-Basic-Auth", basic(kIn + ":")) == "basic 0:0-29x1");
  CHECK(made_by({{"basic", "user"}, {"header", "Host"}}).placement == nullptr);
  CHECK(made_by({{"basic", "both halves"}}).issues.front().text ==
        "`basic` must be `user`, `password` or `both`");
}

TEST_CASE("A18 A19 A20 a value of Basic credentials has no controls, and is UTF-8", "[I9]") {
  const auto placement = placed_by({{"basic", "password"}});
  CHECK(placement->check("real key: \xc3\xbc"));
  for (const std::string& value : {std::string(),
                                   std::string("a\0b", 3),
                                   std::string("a\r\nb"),
                                   std::string("a\n"),
                                   std::string("\na"),
                                   std::string("\xff")}) {
    CHECK(placement->check(value).error().code == base::Errc::invalid_input);
  }
  CHECK(placement->check(std::string(base::bounds::kRequestFieldBytesMax + 1, 'a')).error().code ==
        base::Errc::limit_exceeded);
}

TEST_CASE("without a placeholder Basic credentials keep the client's other half") {
  const auto user = placed_by({{"basic", "user"}});
  const auto password = placed_by({{"basic", "password"}});
  CHECK(filled(*user, "real", {}) == "authorization: " + basic("real:"));
  CHECK(filled(*password, "real", {}) == "authorization: " + basic(":real"));
  CHECK(filled(*password, "real", {{"Authorization", basic("ann:old")}}) ==
        "authorization: " + basic("ann:real"));
  CHECK(filled(*user, "real", {{"Authorization", basic("ann:old:x")}}) ==
        "authorization: " + basic("real:old:x"));
  CHECK(filled(*user, "real", {{"Authorization", "Bearer x"}}) ==
        "authorization: " + basic("real:"));
  CHECK(filled(*user, "re:al", {}) == "refused");
  CHECK(filled(*password, "re:al", {}) == "authorization: " + basic(":re:al"));
  CHECK(filled(*password, std::string(30'000, 'a'), {}) == "refused");
}

TEST_CASE("Basic credentials are shown with the placeholder in their half") {
  ClientHead head{"/", {}};
  placed_by({{"basic", "password"}})->show(kP, head);
  placed_by({{"basic", "user"}})->show(kP, head);
  REQUIRE(head.fields.size() == 2);
  CHECK(head.fields[0].second == basic("user:" + kIn));
  CHECK(head.fields[1].second == basic(kIn + ":"));
  CHECK(placed_by({{"basic", "password"}})->can_hold("a:b"));
  CHECK_FALSE(placed_by({{"basic", "both"}})->can_hold("a:b"));
}

TEST_CASE("two lines of Basic credentials are counted as two") {
  const auto placement = placed_by({{"basic", "user"}});
  const auto fields = fields_of({{"Authorization", "a"}, {"authorization", "b"}});
  CHECK(placement->count({fields, "/"}) == 2);
}

}  // namespace keyswap::bindings
