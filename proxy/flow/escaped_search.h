// SPDX-License-Identifier: Apache-2.0
//
// I8: finds the forms of secrets that a text has with escapes in them (proxy/flow/escape.h),
// whatever of a form is escaped and how. Around each escape that stands for a byte of some form the
// text is read with its escapes undone, and searched. Other escapes no form goes across, so that
// ordinary text costs little more than the search for its escapes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/buffer.h"
#include "proxy/flow/escape.h"
#include "proxy/flow/secret_search.h"

namespace keyswap::flow {

class EscapedSearch {
 public:
  // All escapes that there are, by the bytes that they begin with.
  static constexpr std::string_view kAll = "%\\&";

  // Of one text; both outlive this. `undone`: only these escapes are. `synced`: where they are read
  // from, because what stands before that is the rest of one.
  EscapedSearch(const SecretSearch& search,
                std::string_view text,
                SecretSearch::Rest rest,
                std::string_view undone,
                std::size_t synced)
      : search_(search),
        text_(text),
        rest_(rest),
        undone_(undone),
        scanned_(synced),
        wall_(synced),
        plain_(kPlainBytesMax) {}

  // As SecretSearch::find, with places and sizes in the text as it stands. `from` never falls.
  [[nodiscard]] SecretSearch::Found find(std::size_t from, std::uint64_t& compared);

  // Is `at` the second of two backslashes that are one escape, or may become that?
  static bool is_inside_escape(std::string_view text, std::size_t at, std::size_t synced);

 private:
  static constexpr std::size_t kPlainBytesMax = std::size_t{16} * 1024 * 1024;

  bool begin_stretch(std::size_t from);
  [[nodiscard]] std::size_t find_mark(std::string_view text, std::size_t from) const;
  [[nodiscard]] std::size_t begin_before(std::size_t escape_at, std::size_t from) const;
  void begin_plain();
  SecretSearch::Found find_in_plain(std::uint64_t& compared);
  void end_plain_at_cut(std::size_t at);
  void read_stretch(std::size_t begin, std::size_t escape_at, Escape escape);
  void add_literals(std::size_t begin, std::size_t end);
  void add_escape(const Escape& escape, std::size_t at);
  [[nodiscard]] SecretSearch::Found found_in_text(const SecretSearch::Found& plain) const;

  // The escape that stands there, if it is one that is undone.
  [[nodiscard]] Escape read(std::size_t at) const {
    return at < text_.size() && undone_.find(text_[at]) != std::string_view::npos
               ? read_escape(text_.substr(at))
               : Escape{};
  }

  [[nodiscard]] bool is_cut(const Escape& escape) const {
    return escape.is_cut && rest_ == SecretSearch::Rest::may_follow;
  }

  // Can a form go across it?
  [[nodiscard]] bool is_of_form(const Escape& escape) const {
    return search_.has_byte(escape.bytes.front());
  }

  const SecretSearch& search_;
  std::string_view text_;
  SecretSearch::Rest rest_;
  std::string_view undone_;
  std::size_t scanned_;                          // escapes before it were read
  std::size_t wall_;                             // no form with an escape begins before it
  std::size_t cut_at_ = std::string_view::npos;  // what may become an escape, at the text's end
  // A stretch of the text with its escapes undone.
  base::Buffer plain_;
  std::vector<std::size_t> origins_;  // of each byte, and of what follows
  std::size_t at_ = 0;
  std::optional<std::size_t> held_at_;  // SecretSearch::find_held
  SecretSearch::Rest plain_rest_ = SecretSearch::Rest::none;
};

}  // namespace keyswap::flow
