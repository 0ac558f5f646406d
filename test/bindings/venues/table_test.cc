// SPDX-License-Identifier: Apache-2.0
//
// What must be true of all venues together, and of all schemes with them.
#include "bindings/venues/table.h"

#include <set>

#include <catch2/catch.hpp>

#include "bindings/schemes.h"
#include "test/bindings/scheme_docs.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

TEST_CASE("every venue has its own name, its own lists and its own hosts") {
  std::set<std::string_view> names;
  std::set<std::string_view> hosts;
  for (const auto* const venue : all_venues()) {
    INFO(venue->name());
    CHECK(names.insert(venue->name()).second);
    CHECK(find_scheme(venue->name()) == nullptr);
    for (const auto& host : venue->hosts()) {
      INFO(host.name);
      CHECK(hosts.insert(host.name).second);
      CHECK((host.list.empty() || host.list.starts_with(std::string(venue->name()) + ".")));
      CHECK((host.other_port == 0 || host.takes_messages));
    }
  }
}

TEST_CASE("every venue's scheme has a summary, help for its keys, and its section in the docs") {
  for (const auto* const venue : all_venues()) {
    test::check_described(venue->scheme());
    test::check_section(venue->scheme());
  }
}

TEST_CASE("every example of a scheme in docs/bindings.md is accepted") {
  const auto text = test::text_of_bindings_md();
  const std::string_view begin = "```yaml\n    inject:";
  std::size_t count = 0;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto start = at + 8;
    const auto example = text.substr(start, text.find("```", start) - start);
    INFO(example);
    CHECK(
        test::errors_of(test::one_secret("    placeholder: " + test::kPlaceholder + "\n" + example +
                                         "    bindings: [ { host: api.example.com } ]\n"),
                        all_venues())
            .empty());
    ++count;
  }
  CHECK(count > schemes().size() + all_venues().size());
}

}  // namespace keyswap::bindings
