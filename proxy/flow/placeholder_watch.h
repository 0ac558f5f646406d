// SPDX-License-Identifier: Apache-2.0
//
// I2: sees known placeholders in any text of a request, whether they are swapped there or not: as
// they are, in base64 (bindings/sighting_index.h), and either of these with any of its characters
// escaped as in a URL, as in a JSON string, or both, the URL inside the string. All that is swapped
// is seen, and more.
//
// It only looks: nothing is kept back. Of a text that comes in pieces it remembers the end, so that
// it does not matter where it is cut (I15). Escapes are undone only around where they stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/bounds.h"
#include "proxy/flow/unescape.h"

namespace keyswap::flow {

// What is looked at in place of a placeholder that was swapped. It belongs to nothing that is
// looked for, so that nothing is made of what stands before it and behind it.
inline constexpr std::string_view kSwappedGap = "\n";

// The numbers of the rules whose placeholders are seen, each once. Past kSecretsNamedMax of a whole
// text, and kSecretsNamedInBodyMax of one in pieces, there may be more.
using SeenRules = std::vector<std::uint32_t>;

// In a whole text; adds to `seen`.
void see_placeholders(const bindings::Bindings& bindings, std::string_view text, SeenRules& seen);

// In a text that comes in pieces.
class PlaceholderWatch {
 public:
  // `bindings`: outlives it.
  explicit PlaceholderWatch(const bindings::Bindings& bindings);

  void look(std::string_view piece);

  [[nodiscard]] const SeenRules& seen() const { return seen_; }

  // Then nothing more is looked at.
  [[nodiscard]] bool are_too_many() const {
    return seen_.size() > bindings::bounds::kSecretsNamedInBodyMax;
  }

 private:
  // What all stages look with.
  struct Eye {
    const bindings::Bindings& bindings;
    std::size_t kept_bytes;  // one fewer than the longest form has
    SeenRules& seen;
  };

  // Of a text as it comes.
  class Plain {
   public:
    void look(std::string_view piece, const Eye& eye);

    void restart() { tail_.clear(); }

    // The end of what came so far.
    [[nodiscard]] std::string_view tail() const { return tail_; }

   private:
    std::string tail_;
  };

  // Of a text with escapes, which another stage sees as it reads.
  template <typename Next>
  class Escaped {
   public:
    explicit Escaped(Escaping escaping) : unescaper_(escaping), marker_(marker_of(escaping)) {}

    // `before`: the end of what came before the piece.
    void look(std::string_view piece, std::string_view before, const Eye& eye);

    void restart() { is_on_ = false; }

   private:
    void begin(std::string_view before, std::string_view unescaped, const Eye& eye);
    void read(std::string_view bytes, const Eye& eye);

    Next next_;
    Unescaper unescaper_;
    char marker_;
    bool is_on_ = false;     // an escape stood so near that one form may hold it
    std::size_t quiet_ = 0;  // bytes since the last one
    std::string unescaped_;
  };

  // As it comes, and with percent-encoding.
  class PlainAndPercent {
   public:
    void look(std::string_view piece, const Eye& eye) {
      percent_.look(piece, plain_.tail(), eye);
      plain_.look(piece, eye);
    }

    void restart() {
      plain_.restart();
      percent_.restart();
    }

    [[nodiscard]] std::string_view tail() const { return plain_.tail(); }

   private:
    Plain plain_;
    Escaped<Plain> percent_{Escaping::percent};
  };

  const bindings::Bindings* bindings_;
  PlainAndPercent outside_;
  Escaped<PlainAndPercent> json_{Escaping::json};
  SeenRules seen_;
};

}  // namespace keyswap::flow
