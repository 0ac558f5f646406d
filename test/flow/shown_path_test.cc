// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/shown_path.h"

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const char* const kTwo = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Key, format: "{secret}" }
    bindings: [ { host: api.example.test } ]
)";

std::string shown(std::string_view target) {
  return shown_path(target, *test::bindings_of(kTwo));
}

}  // namespace

TEST_CASE("a placeholder in the path is shown by its secret's name", "[I1]") {
  CHECK(shown("/botkswp_PLACEHOLDER_000000000001/send?x=kswp_PLACEHOLDER_000000000002") ==
        "/bot<K>/send");
  CHECK(shown("/kswp_PLACEHOLDER_000000000002kswp_PLACEHOLDER_000000000001/"
              "kswp_PLACEHOLDER_000000000001") == "/<K2><K>/<K>");
  CHECK(shown("/") == "/");
}

TEST_CASE("a placeholder that is percent-encoded in the path is shown by its name, too", "[I1]") {
  CHECK(shown("/a%20b/bot%6Bswp_PLACEHOLDER_000000000001%2f/x?y") == "/a%20b/bot<K>%2f/x");
  CHECK(shown("/%61") == "/%61");
}

}  // namespace keyswap::flow
