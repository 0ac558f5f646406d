// SPDX-License-Identifier: Apache-2.0
//
// The placement `cookie` (bindings/placements/cookie.cc).
#include "proxy/base/bounds.h"
#include "test/bindings/placing.h"

namespace keyswap::bindings {

namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the builders

const std::string kIn(kP);

}  // namespace

TEST_CASE("D18 the value of a cookie that is the placeholder is the spot", "[I2]") {
  const auto sid = placed_by({{"cookie", "sid"}});
  CHECK(sid->kind() == "cookie");
  CHECK(sid->name() == "sid");
  CHECK(in_field(*sid, "Cookie", "sid=" + kIn) == "0:4-33x1");
  CHECK(in_field(*sid, "cookie", "a=1;  sid=\"" + kIn + "\" ;b") == "0:11-40x1");
  CHECK(in_field(*sid, "Cookie", "sid=" + kIn + "; sid=" + kIn) == "0:4-33x1 0:39-68x1");
  for (const auto& value : {"Sid=" + kIn,
                            "xsid=" + kIn,
                            "sid=x" + kIn,
                            "sid=" + kIn + "x",
                            "sid=\"" + kIn,
                            "a=sid=" + kIn,
                            kIn + "=sid",
                            kIn}) {
    INFO(value);
    CHECK(in_field(*sid, "Cookie", value).empty());
  }
  CHECK(in_field(*sid, "X-Cookie", "sid=" + kIn).empty());
  CHECK(in_target(*sid, "/?sid=" + kIn).empty());
}

TEST_CASE("cookies of one name are counted over all lines") {
  const auto sid = placed_by({{"cookie", "sid"}});
  const auto fields = fields_of({{"Cookie", "sid=1; a=2"}, {"cookie", "sid"}, {"X", "sid=3"}});
  CHECK(sid->count({fields, "/"}) == 2);
  CHECK(sid->count({fields_of({}), "/"}) == 0);
}

TEST_CASE("a line in which a quotation mark could hide where a cookie ends holds no placeholder",
          "[I2]") {
  const auto sid = placed_by({{"cookie", "sid"}});
  const std::string own = "sid=" + kIn;
  CHECK(in_field(*sid, "Cookie", "a=\"b\"; " + own + "; c=\"\"") == "0:11-40x1");
  for (const auto& line : {"theme=\"a; " + own + "; b\"",
                           own + "; a=\"",
                           own + "; a=b\"c",
                           own + "; a=\"b\"c\"",
                           own + "; a=\"b\"c",
                           own + "; \"a\"=b",
                           own + "; a={\"b\":1}"}) {
    INFO(line);
    CHECK(in_field(*sid, "Cookie", line).empty());
    // Beside another line it may be the one that is read.
    CHECK(sid->count({fields_of({{"Cookie", own}, {"Cookie", line}}), "/"}) == 2);
  }
  CHECK(sid->count({fields_of({{"Cookie", own}, {"Cookie", "a=\"b; c\""}}), "/"}) == 2);
  // By a reverse route it stays as it came, or nothing is sent.
  CHECK(filled(*sid, "real", {{"Cookie", "a=\"b;c\"; d"}}) == "cookie: a=\"b;c\"; d; sid=real");
  CHECK(filled(*sid, "real", {{"Cookie", "a=\"b; sid=1; c\""}}) == "refused");
}

TEST_CASE("A18 A20 a cookie's value is what RFC 6265 lets it be", "[I9]") {
  const auto sid = placed_by({{"cookie", "sid"}});
  CHECK(sid->check("a=b/c+d:e!"));
  for (const std::string& value : {std::string(),
                                   std::string("a;b"),
                                   std::string("a,b"),
                                   std::string("a b"),
                                   std::string("\"a\""),
                                   std::string("a\\b"),
                                   std::string("\xc3\xbc"),
                                   std::string("a\r\n"),
                                   std::string("a\0b", 3)}) {
    INFO(value);
    CHECK_FALSE(sid->check(value));
  }
  CHECK(sid->can_hold(kP));
  CHECK_FALSE(sid->can_hold("a;b"));
}

TEST_CASE("without a placeholder the cookie stands last, and the client's own of that name go") {
  const auto sid = placed_by({{"cookie", "sid"}});
  CHECK(filled(*sid, "real", {}) == "cookie: sid=real");
  CHECK(filled(*sid, "real", {{"Cookie", "a=1; sid=old;b=\"2\""}, {"Cookie", "c"}}) ==
        "cookie: a=1; b=\"2\"; c; sid=real");
  CHECK(filled(*sid, "r", {{"Cookie", std::string(base::bounds::kRequestFieldBytesMax, 'a')}}) ==
        "refused");
}

TEST_CASE("a cookie is shown with the placeholder in it") {
  ClientHead head{"/", {}};
  placed_by({{"cookie", "sid"}})->show(kP, head);
  REQUIRE(head.fields.size() == 1);
  CHECK(head.fields[0].first == "cookie");
  CHECK(head.fields[0].second == "sid=" + kIn);
  CHECK(made_by({{"cookie", "a b"}}).placement == nullptr);
}

}  // namespace keyswap::bindings
