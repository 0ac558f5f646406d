// SPDX-License-Identifier: Apache-2.0
//
// A placement that the program does not have, for tests: the whole query, "?key=VALUE". What a file
// in bindings/placements/ has to bring; nothing outside this file knows it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/binding.h"
#include "bindings/parse.h"
#include "bindings/placement.h"

namespace keyswap::test {

class QueryPlacement final : public bindings::Placement {
 public:
  [[nodiscard]] std::string_view kind() const override { return "query"; }

  [[nodiscard]] std::string_view name() const override { return "key"; }

  void show(std::string_view placeholder, bindings::ClientHead& head) const override {
    head.target += kMark;
    head.target += placeholder;
  }

  void find(const bindings::HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<bindings::Spot>& spots) const override {
    const std::string_view text = head[part];
    if (!head.is_field(part) && text.ends_with(std::string(kMark) + std::string(placeholder))) {
      spots.push_back({part, text.size() - placeholder.size(), text.size()});
    }
  }

  [[nodiscard]] std::size_t count(const bindings::HeadParts& /*head*/) const override { return 1; }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    return value.find_first_of("% #") == std::string_view::npos
               ? base::Status{}
               : base::Error{base::Errc::invalid_input, "the value cannot stand in a query"};
  }

  [[nodiscard]] base::Status fill(const bindings::Filling& filling,
                                  bindings::Edits& edits) const override {
    const auto begin = filling.scratch.size();
    if (!filling.scratch.append(filling.head.target) || !filling.scratch.append(kMark) ||
        !filling.scratch.append(filling.value.bytes)) {
      return base::Error{base::Errc::limit_exceeded, "no room for the target"};
    }
    edits.set_target(bindings::Locked{filling.scratch.reveal().substr(begin)});
    return {};
  }

 private:
  static constexpr std::string_view kMark = "?key=";
};

// Besides the places that the rule has; the value is what a header `Authorization: Bearer:` has.
inline void add_query_placement(bindings::SecretRule& rule) {
  auto parsed = bindings::parse("secrets:\n  " + rule.name.text() +
                                    ":\n    placeholder: PLACEHOLDER-of-nothing-at-all\n" +
                                    "    inject: { header: A, format: \"Bearer:{secret}\" }\n    "
                                    "bindings: [ { host: a.b } ]\n",
                                "/nowhere",
                                {});
  auto place = std::move(parsed.bindings.rules.at(0).places.at(0));
  place.placement = std::make_unique<QueryPlacement>();
  rule.places.push_back(std::move(place));
}

}  // namespace keyswap::test
