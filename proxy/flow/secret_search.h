// SPDX-License-Identifier: Apache-2.0
//
// I8: finds all forms of some secrets (proxy/flow/secret_forms.h) in one pass over a text, however
// many they are.
//
// The search is Wu and Manber's (1994), as for placeholders (bindings/placeholder.h): the last four
// bytes of a window of eight tell how far it may move on. Where one may end so, its eight bytes
// select a run of the sorted forms, which are compared. The table tells as much as the secrets
// themselves, so it lies in locked memory (I1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/flow/secret_forms.h"
#include "vault/secret.h"

namespace keyswap::flow {

// Immutable once it is made.
class SecretSearch {
 public:
  // Null: no locked memory.
  static std::shared_ptr<const SecretSearch> make(std::vector<SharedForms> secrets);

  explicit SecretSearch(std::vector<SharedForms> secrets) : secrets_(std::move(secrets)) {}

  [[nodiscard]] const std::vector<SharedForms>& secrets() const { return secrets_; }

  // What it holds of locked memory besides the forms.
  [[nodiscard]] const vault::Secret& table() const { return table_; }

  // Does more of the text follow?
  enum class Rest : std::uint8_t { none, may_follow };

  // I10: bytes that may yet be compared; what is made to be slow uses them up.
  struct Allowance {
    std::size_t bytes = 0;
  };

  static Allowance allowance_for(std::size_t text_bytes);

  struct Found {
    std::size_t at = std::string_view::npos;
    std::size_t size = 0;  // 0: one may begin here, of which the rest follows
    const SecretForms* secret = nullptr;

    [[nodiscard]] bool is_something() const { return at != std::string_view::npos; }
  };

  // The first that stands in `text` at `from` or later, of several the longest; or, where more
  // follows, that may begin there. So the answers do not depend on how a text is cut. Nothing, too,
  // when the allowance is used up (0 is left): then it is not known.
  [[nodiscard]] Found find(std::string_view text,
                           std::size_t from,
                           Rest rest,
                           Allowance& allowance) const;

 private:
  struct Entry {
    std::string_view text;
    const SecretForms* secret = nullptr;
  };

  [[nodiscard]] bool fill();
  [[nodiscard]] Found find_whole_window(std::string_view text,
                                        std::size_t& at,
                                        Rest rest,
                                        Allowance& allowance) const;
  [[nodiscard]] Found match_at(std::string_view text,
                               std::size_t at,
                               Rest rest,
                               Allowance& allowance) const;
  [[nodiscard]] bool may_begin(std::string_view text) const;

  std::vector<SharedForms> secrets_;
  std::vector<Entry> sorted_;  // by the first window
  unsigned shift_bits_ = 0;
  vault::Secret table_;  // 2^shift_bits_ shifts, then whether a form begins with each byte
};

}  // namespace keyswap::flow
