// SPDX-License-Identifier: Apache-2.0
//
// A body on its way through filters, each of which changes it in its own way: looks for something,
// takes something out, puts something in. A filter is pure, bounded, and does not care how the body
// is cut into pieces.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::flow {

class Filter {
 public:
  Filter() = default;
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  Filter(Filter&&) = default;
  Filter& operator=(Filter&&) = default;
  virtual ~Filter() = default;

  // Takes the next piece of a body, and appends to `out` what becomes of it. A filter may keep
  // bytes back while it cannot tell yet, but no more than the longest thing that it looks for, or
  // the last word; a line that came whole is passed on before the next piece comes, where nothing
  // in it is in doubt. After the last piece, which may be empty, nothing is kept, and another body
  // may begin.
  // limit_exceeded when `out` is full, or the piece cannot be taken within the filter's bounds.
  [[nodiscard]] virtual base::Status feed(std::string_view piece,
                                          bool is_last,
                                          base::ByteSink& out) = 0;
};

// Filters one behind the other: what one gives, the next takes at once, so nothing is kept between
// them. Without a filter a body passes as it is. The chain owns them.
class FilterChain final : public Filter {
 public:
  void add(std::unique_ptr<Filter> stage) { stages_.push_back(std::move(stage)); }

  [[nodiscard]] bool is_empty() const { return stages_.empty(); }

  [[nodiscard]] base::Status feed(std::string_view piece,
                                  bool is_last,
                                  base::ByteSink& out) override;

 private:
  class Link;

  [[nodiscard]] base::Status feed_from(std::size_t stage,
                                       std::string_view piece,
                                       bool is_last,
                                       base::ByteSink& out);

  std::vector<std::unique_ptr<Filter>> stages_;
};

}  // namespace keyswap::flow
