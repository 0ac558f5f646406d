// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes.h"

#include <fstream>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

TEST_CASE("every scheme has its own name, a summary and help for its keys") {
  std::set<std::string_view> names;
  for (const auto* const scheme : schemes()) {
    INFO(scheme->name);
    CHECK(names.insert(scheme->name).second);
    CHECK(find_scheme(scheme->name) == scheme);
    CHECK_FALSE(scheme->summary.empty());
    for (const auto& parameter : scheme->parameters) {
      CHECK_FALSE(parameter.help.empty());
      CHECK(parameter.name != "type");
    }
  }
  CHECK(schemes().front()->name == "header");
  CHECK(find_scheme("nope") == nullptr);
}

TEST_CASE("docs/bindings.md has a section for every scheme that names all its keys") {
  std::ifstream file(std::string(KEYSWAP_TEST_DATA) + "/../docs/bindings.md");
  std::stringstream held;
  held << file.rdbuf();
  const auto text = held.str();
  for (const auto* const scheme : schemes()) {
    INFO(scheme->name);
    const auto section = text.find("### Scheme `" + std::string(scheme->name) + "`");
    REQUIRE(section != std::string::npos);
    for (const auto& parameter : scheme->parameters) {
      INFO(parameter.name);
      CHECK(text.find("`" + std::string(parameter.name) + "`", section) != std::string::npos);
    }
  }
}

TEST_CASE("every example of a scheme in docs/bindings.md is accepted") {
  std::ifstream file(std::string(KEYSWAP_TEST_DATA) + "/../docs/bindings.md");
  std::stringstream held;
  held << file.rdbuf();
  const auto text = held.str();
  const std::string_view begin = "```yaml\n    inject:";
  std::size_t count = 0;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto start = at + 8;
    const auto example = text.substr(start, text.find("```", start) - start);
    INFO(example);
    CHECK(
        test::errors_of(test::one_secret("    placeholder: " + test::kPlaceholder + "\n" + example +
                                         "    bindings: [ { host: api.example.com } ]\n"))
            .empty());
    ++count;
  }
  CHECK(count > schemes().size());
}

TEST_CASE("a credential's header is a token that frames and routes nothing", "[I3]") {
  CHECK(credential_header("Authorization").name == "authorization");
  CHECK(credential_header("X-API-Key").name == "x-api-key");
  CHECK(credential_header("Cookie").problem.empty());
  const auto* const name = GENERATE("Host",
                                    "content-length",
                                    "Transfer-Encoding",
                                    "Connection",
                                    "Keep-Alive",
                                    "Proxy-Authorization",
                                    "Proxy-Connection",
                                    "TE",
                                    "Trailer",
                                    "Upgrade",
                                    "Expect",
                                    "",
                                    ":authority",
                                    "a b",
                                    "a:b",
                                    "a\r\nb",
                                    "\xC3\xBC");
  INFO(name);
  CHECK(credential_header(name).name.empty());
  CHECK_FALSE(credential_header(name).problem.empty());
}

}  // namespace keyswap::bindings
