// SPDX-License-Identifier: Apache-2.0
//
// I8: a secret that comes back is turned back into its placeholder, in text that comes in pieces,
// wherever they are cut, in whichever of its forms (proxy/flow/secret_forms.h) and however escaped
// (proxy/flow/escaped_search.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/base/buffer.h"
#include "proxy/base/result.h"
#include "proxy/flow/filter.h"
#include "proxy/flow/findings.h"
#include "proxy/flow/secret_search.h"

namespace keyswap::flow {

class Scrubber final : public Filter {
 public:
  // Finds nothing until it is given a search. `seen`: what is found is counted there; outlives
  // it; null: nowhere. `where`: of what is fed.
  explicit Scrubber(Findings* seen = nullptr, FoundIn where = FoundIn::body)
      : seen_(seen), where_(where) {}

  // From now on, and in what is kept back, too. The search must know all that the one before knew.
  void use(std::shared_ptr<const SecretSearch> search) { search_ = std::move(search); }

  [[nodiscard]] const std::shared_ptr<const SecretSearch>& search() const { return search_; }

  // Is a secret in `text`? One by itself, as the two below are.
  [[nodiscard]] bool is_in(std::string_view text);

  // Appends it without secrets; counts them, as seen there. limit_exceeded when `out` is full.
  [[nodiscard]] base::Status scrub(std::string_view text, FoundIn where, base::ByteSink& out);

  // What may be the beginning of a secret is kept back, and the last word. How much that is does
  // not depend on how much of a secret's beginning stands there: where its first bytes are, as much
  // as it needs (SecretSearch::find_held).
  [[nodiscard]] base::Status feed(std::string_view piece,
                                  bool is_last,
                                  base::ByteSink& out) override;

  // Is something kept back that need not be while nothing more comes?
  [[nodiscard]] bool may_let_go() const { return may_let_go_; }

  // Nothing more comes for a while: all goes on that cannot be the beginning of a secret.
  [[nodiscard]] base::Status let_go(base::ByteSink& out);

  // Bytes that were compared so far (I10).
  [[nodiscard]] std::uint64_t compared() const { return compared_; }

 private:
  // Between two pieces of a text.
  struct Cut {
    char before = '\0';      // the last byte that went on
    std::size_t synced = 0;  // of what is kept back: where escapes begin
  };

  // What comes behind a text.
  enum class Next : std::uint8_t { nothing, more, pause };

  [[nodiscard]] bool is_searched_later() const;
  base::Status replace(std::string_view text, Next next, FoundIn where, base::ByteSink& out);

  std::shared_ptr<const SecretSearch> search_;
  Findings* seen_;
  FoundIn where_;
  base::Buffer kept_{kKeptBytesMax};  // may be the beginning of a secret
  std::size_t unsearched_ = 0;        // at the end of that
  bool may_let_go_ = false;
  Cut cut_;
  std::uint64_t compared_ = 0;

  // A form of a secret of kSecretBytesMax, each byte of it as the longest escape. (Nobody has such
  // a secret.)
  static constexpr std::size_t kKeptBytesMax = std::size_t{2} * 1024 * 1024;
};

}  // namespace keyswap::flow
