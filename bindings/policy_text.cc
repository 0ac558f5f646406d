// SPDX-License-Identifier: Apache-2.0
#include "bindings/policy_text.h"

#include <charconv>
#include <cstddef>
#include <utility>

namespace keyswap::bindings {

namespace {

constexpr std::string_view kTitle = "keyswap policy 1\n";
constexpr std::string_view kBindings = "bindings ";
constexpr std::string_view kRoots = "roots ";

void add_part(std::string& text, std::string_view word, std::string_view bytes) {
  text.append(word).append(std::to_string(bytes.size())).append("\n").append(bytes).append("\n");
}

// The part at the front of `rest`, which goes on behind it. What is not as add_part() writes it
// shows when the whole is written again.
std::optional<std::string> take_part(std::string_view& rest, std::string_view word) {
  const auto end = rest.find('\n');
  if (!rest.starts_with(word) || end == std::string_view::npos) {
    return std::nullopt;
  }
  std::size_t size = 0;
  std::from_chars(rest.data() + word.size(), rest.data() + end, size);
  rest.remove_prefix(end + 1);
  if (size >= rest.size()) {
    return std::nullopt;
  }
  std::string bytes(rest.substr(0, size));
  rest.remove_prefix(size + 1);
  return bytes;
}

}  // namespace

std::string encode_policy(const PolicyText& policy) {
  std::string text(kTitle);
  add_part(text, kBindings, policy.bindings);
  for (const std::string& roots : policy.roots) {
    add_part(text, kRoots, roots);
  }
  return text;
}

std::optional<PolicyText> decode_policy(std::string_view text) {
  if (!text.starts_with(kTitle)) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(kTitle.size());
  PolicyText policy;
  auto bindings = take_part(rest, kBindings);
  if (!bindings) {
    return std::nullopt;
  }
  policy.bindings = std::move(*bindings);
  while (!rest.empty()) {
    auto roots = take_part(rest, kRoots);
    if (!roots) {
      return std::nullopt;
    }
    policy.roots.push_back(std::move(*roots));
  }
  if (encode_policy(policy) != text) {
    return std::nullopt;
  }
  return policy;
}

}  // namespace keyswap::bindings
