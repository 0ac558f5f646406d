// SPDX-License-Identifier: Apache-2.0
//
// What was learnt of names, for as long as it counts: addresses at most bounds::kNameKeptMs and
// never longer than their record says, failures for bounds::kNameFailureKeptMs, so that a name
// that does not resolve is not asked for by every request anew. Time is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/base/result.h"

namespace keyswap::uv {

class NameCache {
 public:
  using Answer = base::Result<std::vector<std::string>>;

  // Null when nothing is known that still counts. Valid until the next put().
  [[nodiscard]] const Answer* find(const std::string& name, std::int64_t now_ms) const;

  // `ttl_s`: of the records; of no meaning for a failure.
  void put(const std::string& name, Answer answer, std::int64_t ttl_s, std::int64_t now_ms);

  void clear() { entries_.clear(); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Answer answer;
    std::int64_t until_ms = 0;
  };

  void make_room(std::int64_t now_ms);

  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace keyswap::uv
