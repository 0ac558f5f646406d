// SPDX-License-Identifier: Apache-2.0
//
// What clients and upstreams say in session_fuzz: texts by number, so that a script of a
// few bytes gets far. A text may be cut anywhere and followed by anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keyswap::test {

// Where the proxy dials for each destination (bindings: upstream.resolve).
inline constexpr std::uint16_t kBoundPort = 1001;
inline constexpr std::uint16_t kOpaquePort = 1002;
inline constexpr std::uint16_t kPlainPort = 1003;
inline constexpr std::uint16_t kTradingPort = 1004;

extern const char* const kBindings;
// The same with another limit, and without a rule: after a reload.
extern const char* const kOtherBindings;

enum class Say : std::uint8_t {
  get,
  post,
  post_chunked,
  post_past_max_body,
  post_expecting,
  head,
  get_plain,
  get_misplaced,
  two_at_once,
  signed_post,
  signed_past_max_body,
  signed_bad_chunk,
  signed_half,
  signed_get,
  reverse_get,
  upgrade,
  upgrade_trading,
  connect_opaque,
  connect_opaque_early,
  connect_opaque_long,
  connect_bound,
  connect_bound_plain,
  hello,
  frame_text,
  frame_part,
  frame_long,
  frame_ping,
  frame_close,
  frame_bad,
  frame_order,
  frame_question,
  more_chunks,
  last_chunk,
  bytes,
  garbage,
  upgrade_text,
  frame_swapped,
  frame_real,
  get_real,
  count_,
};

// `number` makes the paths of one run differ. `is_tunnelled`: in origin form.
std::string client_text(Say say, int number, bool is_tunnelled);

enum class Answer : std::uint8_t {
  ok,
  ok_chunked,
  ok_until_close,
  ok_long,
  no_content,
  half,
  go_on,
  early_hints,
  switching,
  refused,
  order_refused,
  two_at_once,
  echo,
  frame_text,
  frame_part,
  frame_reply,
  frame_ping,
  frame_close,
  frame_bad,
  bytes,
  garbage,
  count_,
};

std::string upstream_text(Answer answer);

}  // namespace keyswap::test
