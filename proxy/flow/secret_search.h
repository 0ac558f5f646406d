// SPDX-License-Identifier: Apache-2.0
//
// I8: finds all forms of some secrets (proxy/flow/secret_forms.h) in one pass over a text, however
// many they are, in time that is linear in the text, whoever wrote it (I10).
//
// Of the first eight bytes of a form, five blocks of four begin in it, and whatever stands around
// it, one of these lies at every fifth place of the text. A filter tells of a block at which of its
// five places in a form it may stand. The blocks are looked up without waiting for one another; to
// move on by what was just seen (Wu and Manber 1994, as bindings/placeholder.h does for its longer
// windows) takes four times as long. Where one may stand, the eight bytes of its window select a
// run of the sorted forms, which are compared in one walk (proxy/flow/form_index.h).
// Forms and tables lie in one block of locked memory: the tables tell as much as the secrets (I1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/flow/form_index.h"
#include "proxy/flow/secret_forms.h"
#include "vault/secret.h"

namespace keyswap::flow {

// What is looked for, and what stands in its place then.
struct WantedSecret {
  std::string_view bytes;  // in locked memory
  std::string_view name;   // as records show it
  std::string_view placeholder;
  bool is_derived = false;  // a credential that was made of a secret, and changes with it
};

// A view of the secret.
WantedSecret wanted_secret(const vault::Secret& secret,
                           std::string_view name,
                           std::string_view placeholder);

// Immutable once it is made.
class SecretSearch {
 public:
  struct Known {
    std::string_view bytes;  // into block()
    std::string name;
    std::string placeholder;
    bool is_derived = false;

    [[nodiscard]] WantedSecret wanted() const { return {bytes, name, placeholder, is_derived}; }
  };

  // One of each; too short ones (kTokenBytesMin) are left out. Null: no locked memory.
  static std::shared_ptr<const SecretSearch> make(std::span<const WantedSecret> secrets);

  [[nodiscard]] const std::vector<Known>& secrets() const { return secrets_; }

  // All that it holds of locked memory.
  [[nodiscard]] const vault::Secret& block() const { return block_; }

  // Of the forms, in bytes.
  [[nodiscard]] std::size_t longest() const { return longest_; }

  // Is that byte in any form?
  [[nodiscard]] bool has_byte(char c) const { return has_byte_[static_cast<unsigned char>(c)]; }

  // Is there a secret that looks as if it had escapes in it?
  [[nodiscard]] bool has_escapes() const { return has_escapes_; }

  // Does more of the text follow?
  enum class Rest : std::uint8_t { none, may_follow };

  struct Found {
    std::size_t at = std::string_view::npos;
    std::size_t size = 0;           // 0: one may begin here, of which the rest follows
    const Known* secret = nullptr;  // then null
    Encoding encoding = Encoding::plain;

    [[nodiscard]] bool is_something() const { return at != std::string_view::npos; }
  };

  // The first form that stands in `text` at `from` or later, of several the longest; or, where more
  // follows, that may begin there. So the answers do not depend on how a text is cut. `compared`:
  // grows by the bytes that were compared with forms, at most two for each byte of the text.
  [[nodiscard]] Found find(std::string_view text,
                           std::size_t from,
                           Rest rest,
                           std::uint64_t& compared) const;

  // Where more of a text follows: the first place at `from` or later from where on it is kept back,
  // because a form may begin there, and the text ends before that form could. Its first
  // kFormBytesMin bytes are there; whether more of it is makes no difference. So what is kept back
  // tells nobody how much of a guess is right.
  [[nodiscard]] Found find_held(std::string_view text, std::size_t from) const;

  // As find(), for secrets that are too short to be looked for in the midst of a word. `before`:
  // the byte before the text; 0: none.
  [[nodiscard]] Found find_token(std::string_view text,
                                 std::size_t from,
                                 Rest rest,
                                 char before) const;

 private:
  struct Token {
    std::string_view text;
    std::uint32_t secret = 0;
  };

  struct Run {
    std::uint32_t first = FormIndex::kNone;
    std::uint32_t last = 0;
  };

  bool write(std::span<const WantedSecret> secrets);
  void make_tables(char* filter);
  void note_overlaps();
  void note_overlaps_of(std::uint32_t form);
  [[nodiscard]] bool next_window(std::string_view text,
                                 std::size_t& at,
                                 FormIndex::Place& place) const;
  static Run load_run(const char* bytes);
  [[nodiscard]] Run run_of(const char* window) const;
  [[nodiscard]] Found token_at(std::string_view text, std::size_t at, Rest rest) const;

  std::vector<Known> secrets_;
  std::vector<Token> tokens_;
  FormIndex forms_;
  std::vector<std::size_t> longest_of_run_;  // by the run's first form
  std::size_t longest_ = 0;
  bool has_escapes_ = false;
  std::array<bool, 256> has_byte_{};
  std::array<bool, 256> begins_token_{};
  unsigned filter_bits_ = 0;
  unsigned run_bits_ = 0;
  vault::Secret block_;           // forms, 2^filter_bits_ of the filter, 2^run_bits_ runs
  const char* filter_ = nullptr;  // into the block
  const char* runs_ = nullptr;
};

}  // namespace keyswap::flow
