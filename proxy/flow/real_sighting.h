// SPDX-License-Identifier: Apache-2.0
//
// Real values of secrets (proxy/flow/real_values.h) in what a client sends, in any form that is
// looked for in answers: where they are seen, what its binding says of that, and how records show a
// text that has one (I1). It only looks: nothing is kept back, and what travels on is as it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/secret_finder.h"
#include "proxy/flow/secret_forms.h"
#include "proxy/http/message.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

// `host`: what stands in a target before its path. `message`: of a WebSocket.
enum class SeenIn : std::uint8_t { method, host, path, query, header, body, message };

std::string_view to_string(SeenIn where);

struct RealSighting {
  std::string secret;  // the vault entry's name
  SeenIn where = SeenIn::body;
  Encoding encoding = Encoding::plain;

  bool operator==(const RealSighting&) const = default;
};

// Each kind once, in the order seen; past bounds::kFindingsMax of them each secret once. A secret
// of fewer than kFormBytesMin bytes is none: any text may have its word.
using RealSightings = std::vector<RealSighting>;

// In a request's head; `target`: in any form. True: the target has one, however short.
bool see_real_values(const SecretSearch& search,
                     const http::RequestHead& head,
                     std::string_view target,
                     RealSightings& seen);

// In a text that is there as a whole.
void see_real_values_in(const SecretSearch& search,
                        std::string_view text,
                        SeenIn where,
                        RealSightings& seen);

// The first rule whose bindings say that a request with such a value is refused: an entry that
// names this destination says it, or, where no entry of the rule names it, any does.
std::optional<std::uint32_t> refusing_rule(const bindings::Bindings& bindings,
                                           const http::Authority& destination,
                                           std::span<const RealSighting> seen);

// The text with <NAME> where a value stands, however short.
std::string mask_real_values(const SecretSearch& search, std::string_view text);

// In a text that comes in pieces, wherever it is cut (I15): as a rule, with the piece that a
// value's last byte is in. (Of two values one of which begins with the other both may be seen.)
class RealValueWatch {
 public:
  explicit RealValueWatch(SharedSearch search) : search_(std::move(search)) {}

  void look(std::string_view piece);
  // Nothing more comes.
  void end();

  [[nodiscard]] const RealSightings& seen() const { return seen_; }

  // Bytes that were searched, those that were kept each time anew (I10: a few times what came).
  [[nodiscard]] std::uint64_t searched_bytes() const { return searched_; }

 private:
  void search_in(std::string_view text, SecretSearch::Rest rest);
  [[nodiscard]] SecretSearch::Found note_all(std::string_view text, SecretSearch::Rest rest);
  [[nodiscard]] bool is_searched_later() const;

  // A form of a secret of bounds::kRealValuesBytesMax, each byte of it as the longest escape.
  static constexpr std::size_t kKeptBytesMax = base::bounds::kRealValuesBytesMax * 12;

  SharedSearch search_;
  RealSightings seen_;
  base::Buffer kept_{kKeptBytesMax};  // of the end: may be the beginning of a value
  std::size_t unsearched_ = 0;        // at the end of that
  std::uint64_t came_ = 0;            // bytes, in all
  std::uint64_t searched_ = 0;        // likewise
  char before_ = '\0';                // the byte before it
  std::size_t synced_ = 0;            // where escapes in it begin
};

}  // namespace keyswap::flow
