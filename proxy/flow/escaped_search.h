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
#include <span>
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

  // Of one text, whose marks are `marks` (find_escapes); all outlive this. `kind`: only escapes
  // that begin with that byte are undone; 0: all are. `synced`: where they are read from, because
  // what stands before that is the rest of one.
  EscapedSearch(const SecretSearch& search,
                std::string_view text,
                std::span<const EscapeMark> marks,
                SecretSearch::Rest rest,
                char kind,
                std::size_t synced)
      : search_(search),
        text_(text),
        marks_(marks),
        rest_(rest),
        kind_(kind),
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
  [[nodiscard]] std::size_t find_mark(std::size_t mark, std::size_t from) const;
  [[nodiscard]] std::size_t begin_before(std::size_t escape_at, std::size_t from) const;
  void begin_plain();
  SecretSearch::Found find_in_plain(std::uint64_t& compared);
  void end_plain_at_cut(std::size_t at);
  void read_stretch(std::size_t begin);
  void add_literals(std::size_t begin, std::size_t end);
  void add_escape(std::size_t at);
  [[nodiscard]] SecretSearch::Found found_in_text(const SecretSearch::Found& plain) const;

  // Can a form go across it?
  [[nodiscard]] bool is_of_form(const EscapeMark& escape) const {
    return search_.has_byte(escape.first);
  }

  const SecretSearch& search_;
  std::string_view text_;
  std::span<const EscapeMark> marks_;
  SecretSearch::Rest rest_;
  char kind_;
  std::size_t mark_ = 0;                         // the first that may not be read yet
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
