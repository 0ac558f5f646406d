// SPDX-License-Identifier: Apache-2.0
//
// A placement that the program does not have, for tests: the whole query, "?key=VALUE". What a file
// in bindings/placements/ has to bring; nothing outside this file knows it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bindings/binding.h"
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

  [[nodiscard]] bool holds(const bindings::HeadParts& head,
                           std::size_t part,
                           std::string_view placeholder) const override {
    return !head.is_field(part) &&
           head[part].ends_with(std::string(kMark) + std::string(placeholder));
  }

  [[nodiscard]] bool is_repeated(const bindings::HeadParts& /*head*/) const override {
    return false;
  }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    return value.find_first_of("% #") == std::string_view::npos
               ? base::Status{}
               : base::Error{base::Errc::invalid_input, "the value cannot stand in a query"};
  }

  [[nodiscard]] base::Status fill(const bindings::Filling& filling,
                                  bindings::Edits& edits) const override {
    const auto mark = filling.head.target.find(kMark);
    const auto begin = filling.scratch.size();
    if (!filling.scratch.append(filling.head.target.substr(0, mark)) ||
        !filling.scratch.append(kMark) || !filling.scratch.append(filling.value.bytes)) {
      return base::Error{base::Errc::limit_exceeded, "no room for the target"};
    }
    edits.set_target(bindings::Locked{filling.scratch.reveal().substr(begin)});
    return {};
  }

 private:
  static constexpr std::string_view kMark = "?key=";
};

// Besides the placements that the rule has.
inline void add_query_placement(bindings::SecretRule& rule) {
  rule.placements.push_back(std::make_unique<QueryPlacement>());
}

}  // namespace keyswap::test
