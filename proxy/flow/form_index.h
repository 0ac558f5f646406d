// SPDX-License-Identifier: Apache-2.0
//
// I8: the forms of secrets in order, so that all that may stand at one place of a text are compared
// with it in one walk, and no byte of a text is compared twice (I10).
//
// Where a walk ends without having found one, the bytes that it saw are known: they are the
// beginning of a form. What of that beginning is the beginning of another (or of itself) was noted
// when the index was made, as in the automaton of Aho and Corasick (1975); so the search goes on
// behind them. Secrets hardly ever repeat themselves, and there is hardly ever anything to note.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/flow/secret_forms.h"

namespace keyswap::flow {

// Belongs to a SecretSearch, which keeps the memory that the forms lie in.
class FormIndex {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // The forms `first` to `last` agree with a text in their first `depth` bytes.
  struct Place {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::size_t depth = 0;
    std::uint32_t whole = kNone;  // the longest of fewer bytes that stands there whole
  };

  struct Walk {
    std::uint32_t whole = kNone;  // the longest form that stands there
    bool is_cut = false;          // the text ended, and one that is longer may go on
    std::size_t depth = 0;        // so many bytes are the beginning of a form:
    std::uint32_t form = 0;       // of this one
  };

  // Where the next form may begin, so many bytes behind the one that a walk began at.
  struct Next {
    std::size_t ahead = 0;
    Place place;
  };

  // No two are the same, and none is shorter than kFormBytesMin.
  void take(std::vector<Form> forms);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(forms_.size()); }

  [[nodiscard]] const Form& operator[](std::size_t form) const { return forms_[form]; }

  // The last of those that begin with the same kFormBytesMin bytes as `first`, which is the first
  // of them.
  [[nodiscard]] std::uint32_t end_of_run(std::uint32_t first) const;

  // Compares the text `here` with the forms of `place`. `compared`: grows by the bytes looked at.
  [[nodiscard]] Walk walk(Place place, std::string_view here, std::uint64_t& compared) const;

  // After a walk that found nothing whole. Nothing: no form begins before its last
  // kFormBytesMin - 1 bytes.
  [[nodiscard]] std::optional<Next> next(const Walk& walk) const;

  // Can `text`, which is shorter than kFormBytesMin, be the beginning of a form?
  [[nodiscard]] bool may_begin(std::string_view text) const;

  // While the index is made: a walk began `ahead` bytes behind the beginning of `form`, in it.
  // Those of one form in order, all of them.
  void note_overlap(std::uint32_t form, std::size_t ahead, const Walk& walk);

 private:
  // `ahead` bytes behind its beginning a form is like the beginning of another for so long.
  struct Overlap {
    std::size_t ahead = 0;
    std::uint32_t other = 0;
    std::size_t agree = 0;
    std::size_t whole_end = 0;  // where a form ends that stands there whole; SIZE_MAX: none does
  };

  bool descend(Place& place, std::string_view here, std::uint64_t& compared) const;
  [[nodiscard]] Place place_of(std::uint32_t form, std::size_t depth) const;
  [[nodiscard]] std::uint32_t shortest_whole(std::uint32_t form) const;

  std::vector<Form> forms_;               // in the order of their bytes
  std::vector<std::size_t> agree_;        // with the one before
  std::vector<std::uint32_t> beginning_;  // the longest other form that it begins with
  std::vector<std::vector<Overlap>> overlaps_;
};

}  // namespace keyswap::flow
