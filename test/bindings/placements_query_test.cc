// SPDX-License-Identifier: Apache-2.0
//
// The placement `query` (bindings/placements/query.cc).
#include "test/bindings/placing.h"

namespace keyswap::bindings {

namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the builders

const std::string kIn(kP);

std::size_t count_in(const Placement& placement, const std::string& target) {
  const http::HeaderList none;
  return placement.count({none, target});
}

}  // namespace

TEST_CASE("D07 the value of a parameter that is the placeholder is the spot", "[I2]") {
  const auto key = placed_by({{"query", "key"}});
  CHECK(key->kind() == "query");
  CHECK(key->name() == "key");
  CHECK(in_target(*key, "/a?key=" + kIn) == "0:7-36x1");
  CHECK(in_target(*key, "/a?x=1&key=" + kIn + "&y") == "0:11-40x1");
  CHECK(in_target(*key, "/?key=" + kIn + "&key=" + kIn) == "0:6-35x1 0:40-69x1");
  // As clients encode it that escape more than they must.
  CHECK(in_target(*key, "/?k%65y=kswp%5FPLACEHOLDER%5f000000000001") == "0:8-41x1");
  for (const std::string& target : {"/key=" + kIn,
                                    "/?Key=" + kIn,
                                    "/?xkey=" + kIn,
                                    "/?key=x" + kIn,
                                    "/?key=" + kIn + "x",
                                    "/?key=" + kIn + ";x",
                                    "/?key==" + kIn,
                                    "/?key?=" + kIn,
                                    "/?" + kIn + "=key",
                                    std::string("/?key=kswp%255FPLACEHOLDER_000000000001")}) {
    INFO(target);
    CHECK(in_target(*key, target).empty());
  }
  CHECK(in_field(*key, "X-Any", "/?key=" + kIn).empty());
}

TEST_CASE("parameters of one name are counted as a server reads them") {
  const auto key = placed_by({{"query", "key"}});
  CHECK(count_in(*key, "/?key=a&x&key") == 2);
  CHECK(count_in(*key, "/?k%65y=a") == 1);
  CHECK(count_in(*key, "/?x=key&keys=a&KEY=b") == 0);
  CHECK(count_in(*key, "/") == 0);
  CHECK(count_in(*key, "/?") == 0);
}

TEST_CASE("a parameter counts in every spelling that some server takes for it", "[I2]") {
  const auto key = placed_by({{"query", "key"}});
  for (const std::string more : {"&key=b",
                                 "&k%65y=b",
                                 "&a;key=b",
                                 ";key=b",
                                 "?key=b",
                                 "&+key=b",
                                 "&%20key=b",
                                 "&key%20=b",
                                 "&key[]=b",
                                 "&key%5B0%5D=b",
                                 "&key%00x=b",
                                 "&%256bey=b"}) {
    INFO(more);
    CHECK(count_in(*key, "/?key=" + kIn + more) == 2);
  }
  for (const std::string more : {"&keys=b", "&[key]=b", "&x=key", "&Key=b", "&a=b%26key=c"}) {
    INFO(more);
    CHECK(count_in(*key, "/?key=" + kIn + more) == 1);
  }
  // It is swapped in none but its own.
  CHECK(in_target(*key, "/?key[]=" + kIn).empty());
  CHECK(in_target(*key, "/?a;key=" + kIn).empty());
  const auto spaced = placed_by({{"query", "my key[]"}});
  CHECK(count_in(*spaced, "/?my%20key%5B%5D=a") == 1);
  CHECK(count_in(*spaced, "/?my+key[]=a&my%20key=b") == 2);
}

TEST_CASE("A18 A20 a value goes into a query percent-encoded, or not at all", "[I9]") {
  const auto key = placed_by({{"query", "key"}});
  CHECK(written(*key, "a&b=c#d e+f%\xc3\xbc") == "a%26b%3Dc%23d%20e%2Bf%25%C3%BC");
  CHECK(key->check("a b"));
  for (const std::string& value :
       {std::string(), std::string("a\0b", 3), std::string("a\n"), std::string("\xc3")}) {
    CHECK_FALSE(key->check(value));
  }
}

TEST_CASE("without a placeholder the parameter stands last, and the client's own go") {
  const auto key = placed_by({{"query", "my key"}});
  CHECK(filled(*key, "a&b", {}, "/x") == "/x?my%20key=a%26b");
  CHECK(filled(*key, "r", {}, "/x?") == "/x?my%20key=r");
  CHECK(filled(*key, "r", {}, "/x?a=%41&&b") == "/x?a=%41&&b&my%20key=r");
  CHECK(filled(*key, "r", {}, "/x?my%20key=old&a=1&my%20key") == "/x?a=1&my%20key=r");
}

TEST_CASE("a parameter is shown with the placeholder in it") {
  ClientHead head{"/x", {}};
  const auto key = placed_by({{"query", "a key"}});
  key->show("P+LACEHOLDER", head);
  CHECK(head.target == "/x?a%20key=P%2BLACEHOLDER");
  key->show("Q", head);
  CHECK(head.target == "/x?a%20key=P%2BLACEHOLDER&a%20key=Q");
  CHECK(made_by({{"query", "a\nb"}}).placement == nullptr);
}

}  // namespace keyswap::bindings
