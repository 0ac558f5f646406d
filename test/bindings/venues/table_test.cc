// SPDX-License-Identifier: Apache-2.0
//
// What must be true of all venues together, and of all schemes with them.
#include "bindings/venues/table.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "bindings/parse_sections.h"
#include "bindings/schemes.h"
#include "test/bindings/scheme_docs.h"
#include "test/bindings/support.h"
#include "vault/sources/kinds.h"

namespace keyswap::bindings {

namespace {

// Of a file that may name all venues and sources that there are.
std::string errors_in(const std::string& yaml) {
  return test::listed(parse(yaml, test::kFolder, all_venues(), vault::backend_kinds()).errors);
}

}  // namespace

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
    CHECK(errors_in(test::one_secret("    placeholder: " + test::kPlaceholder + "\n" + example +
                                     "    bindings: [ { host: api.example.com } ]\n"))
              .empty());
    ++count;
  }
  CHECK(count > schemes().size() + all_venues().size());
}

TEST_CASE(
    "ws_text puts the secret itself into messages, or is an error where it is only computed with",
    "[I5]") {
  const auto text = test::text_of_bindings_md();
  const std::string_view begin = "```yaml\n    inject:";
  const auto minted = mint_types();
  std::set<std::string> refused;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto start = at + 8;
    const auto example = text.substr(start, text.find("```", start) - start);
    INFO(example);
    const auto errors = errors_in(test::one_secret(
        "    placeholder: " + test::kPlaceholder + "\n" + example +
        "    bindings: [ { host: a.example.com, websocket: true, ws_text: true } ]\n"));
    INFO(errors);
    const std::string_view type = "{ type: ";
    const auto named = example.find(type);
    if (named == std::string::npos) {
      const bool is_composed = example.find("compose:") != std::string::npos;
      CHECK(errors.empty() == !is_composed);
      CHECK((errors.find("puts one secret into messages") != std::string::npos) == is_composed);
      continue;
    }
    const auto name_at = named + type.size();
    const auto name = example.substr(name_at, example.find(',', name_at) - name_at);
    if (std::ranges::find(minted, name) != minted.end()) {
      CHECK(errors.empty());  // the token itself
      continue;
    }
    CHECK(errors.find("`ws_text` is not for `inject.type` " + name) != std::string::npos);
    refused.insert(name);
  }
  CHECK(refused.size() == schemes().size() - 1 + all_venues().size());  // all but `header`
}

TEST_CASE("every example of a whole file in docs/bindings.md is accepted") {
  const auto text = test::text_of_bindings_md();
  const std::string_view begin = "```yaml\nversion: 1\n";
  std::size_t count = 0;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto start = at + 8;
    const auto example = text.substr(start, text.find("```", start) - start);
    INFO(example);
    CHECK(errors_in(example).empty());
    ++count;
  }
  CHECK(count >= 2);
}

}  // namespace keyswap::bindings
