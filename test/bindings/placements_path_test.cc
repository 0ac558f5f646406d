// SPDX-License-Identifier: Apache-2.0
//
// The placement `path` (bindings/placements/path.cc).
#include "test/bindings/placing.h"

namespace keyswap::bindings {

namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the builders

const std::string kIn(kP);

}  // namespace

TEST_CASE("D18 a placeholder in the path is a spot wherever it stands, if nothing says where",
          "[I2]") {
  const auto path = placed_by({{"path", "true"}});
  CHECK(path->kind() == "path");
  CHECK(path->name().empty());
  CHECK(in_target(*path, "/bot" + kIn + "/getMe") == "0:4-33x1");
  CHECK(in_target(*path, "/services/T0/B0/" + kIn + "?a=" + kIn) == "0:16-45x1");
  CHECK(in_target(*path, "/" + kIn + "/" + kIn) == "0:1-30x1 0:31-60x1");
  CHECK(in_target(*path, "/a/kswp%5FPLACEHOLDER_000000000001/b%20c") == "0:3-34x1");
  CHECK(in_target(*path, "/?" + kIn).empty());
  CHECK(in_target(*path, "/kswp%255FPLACEHOLDER_000000000001").empty());
  CHECK(in_field(*path, "X-Any", "/" + kIn).empty());
}

TEST_CASE("a pattern says where in the path the placeholder has to stand", "[I2]") {
  const auto bot = placed_by({{"path", "/bot{secret}/**"}});
  CHECK(bot->name() == "/bot{secret}/**");
  CHECK(in_target(*bot, "/bot" + kIn + "/a/b") == "0:4-33x1");
  CHECK(in_target(*bot, "/bot" + kIn + "/") == "0:4-33x1");
  for (const auto& target : {"/bot" + kIn,
                             "/file/bot" + kIn + "/a",
                             "/bot" + kIn + "x/a",
                             "/botx" + kIn + "/a",
                             "/%62ot" + kIn + "/a"}) {
    INFO(target);
    CHECK(in_target(*bot, target).empty());
  }
  const auto account = placed_by({{"path", "/*/Accounts/{secret}/*.json"}});
  CHECK(in_target(*account, "/2010/Accounts/" + kIn + "/Calls.json") == "0:15-44x1");
  CHECK(in_target(*account, "/2010/x/Accounts/" + kIn + "/Calls.json").empty());
  for (const auto* const pattern : {"false", "/bot", "bot{secret}", "/{secret}/{secret}"}) {
    INFO(pattern);
    CHECK(made_by({{"path", pattern}}).placement == nullptr);
  }
}

TEST_CASE("B17 B18 a pattern of the path has to match in every reading", "[I2][I5]") {
  const auto hooks = placed_by({{"path", "/hooks/{secret}/**"}});
  const std::string at = "/hooks/" + kIn;
  CHECK(in_target(*hooks, at + "/a/./b%20c") == "0:7-36x1");
  CHECK(in_target(*hooks, at + "/a/../b") == "0:7-36x1");
  CHECK(in_target(*hooks, "/hooks/kswp%5FPLACEHOLDER_000000000001/a") == "0:7-38x1");
  for (const auto* const end : {"/../../debug/echo",
                                "/%2e%2e/%2E./debug/echo",
                                "/..%2f..%2Fdebug/echo",
                                "/..%252f..%252fdebug",
                                "/..%5c..%5cdebug",
                                "/..\\..\\debug",
                                "/..;/..;a=b/debug",
                                "/../../debug/x",
                                "/%ff",
                                "/.."}) {
    INFO(end);
    CHECK(in_target(*hooks, at + end).empty());
  }
  CHECK(in_target(*hooks, "/hooks/kswp%5FPLACEHOLDER_000000000001/../../debug").empty());
  // A server that resolves what stands before it, too.
  const auto deep = placed_by({{"path", "/**/hooks/{secret}"}});
  CHECK(in_target(*deep, "/a/hooks/" + kIn) == "0:9-38x1");
  CHECK(in_target(*deep, "/a/..//hooks/" + kIn).empty());
  // A star within a segment does not pass an escaped slash.
  const auto file = placed_by({{"path", "/{secret}/*/raw"}});
  CHECK(in_target(*file, "/" + kIn + "/a/raw") == "0:1-30x1");
  CHECK(in_target(*file, "/" + kIn + "/a%2fb/raw").empty());
  CHECK(in_target(*file, "/" + kIn + "/x%2f..%2f../raw").empty());
}

TEST_CASE("a value in the path stays one segment, and never becomes a dot segment", "[I9]") {
  const auto path = placed_by({{"path", "true"}});
  CHECK(written(*path, "123456:AAF-x_y") == "123456:AAF-x_y");
  CHECK(written(*path, "../a?b#c\\d;e%2f") == "..%2Fa%3Fb%23c%5Cd%3Be%252f");
  CHECK(path->check("..a"));
  for (const std::string& value : {std::string(),
                                   std::string("."),
                                   std::string(".."),
                                   std::string("..."),
                                   std::string("a\0b", 3),
                                   std::string("a\n"),
                                   std::string("\xff")}) {
    CHECK_FALSE(path->check(value));
  }
}

TEST_CASE("nothing but a placeholder says where in the path a value belongs") {
  const auto path = placed_by({{"path", "true"}});
  CHECK_FALSE(path->can_be_filled());
  CHECK(filled(*path, "real", {}, "/a") == "refused");
  CHECK_FALSE(path->can_hold("a/b"));
  CHECK_FALSE(path->can_hold("a%b"));
  CHECK_FALSE(path->can_hold("a*b"));
  CHECK(path->can_hold("123456:AAF-x_y"));
  ClientHead head{"/a", {}};
  path->show(kP, head);
  CHECK(head.target == "/a");
  const http::HeaderList none;
  CHECK(path->count({none, "/"}) == 1);
}

}  // namespace keyswap::bindings
