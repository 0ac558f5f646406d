// SPDX-License-Identifier: Apache-2.0
//
// How many requests the audit log has a decision of, and of which kinds. Pure; in bounded memory,
// whatever hosts clients ask for.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyswap::cli {

class AuditCounts {
 public:
  // Each kind's values are told apart up to here; further ones count as kOther.
  static constexpr std::size_t kValuesMax = 10'000;
  static constexpr std::string_view kOther = "(others)";

  // What is counted by, in this order.
  static constexpr std::array<std::string_view, 5> kKinds = {
      "decision", "reason", "secret", "host", "caller"};

  using Row = std::pair<std::string, std::uint64_t>;  // "" where the record names none

  // A record's line; others than decisions do not count. One record may stand for many requests.
  void take(std::string_view line);

  [[nodiscard]] std::uint64_t requests() const { return requests_; }

  // The times of the first and the last that count, as the log has them; "" there are none.
  [[nodiscard]] const std::string& first() const { return first_; }

  [[nodiscard]] const std::string& last() const { return last_; }

  // Of kKinds[kind]: the most frequent first, then by name.
  [[nodiscard]] std::vector<Row> rows(std::size_t kind) const;

 private:
  std::uint64_t requests_ = 0;
  std::string first_;
  std::string last_;
  std::array<std::map<std::string, std::uint64_t>, kKinds.size()> counts_;
};

}  // namespace keyswap::cli
