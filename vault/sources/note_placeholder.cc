// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/note_placeholder.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bindings/digest.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kSaltBytesMin = 32;
constexpr std::size_t kLetters = 21;                                        // of 5 bits each
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 section 6

}  // namespace

base::Result<std::string> note_placeholder(const Secret& salt, std::string_view name) {
  if (salt.size() < kSaltBytesMin || name.empty()) {
    return base::Error{base::Errc::invalid_input, "the salt of placeholders is too short"};
  }
  bindings::Digest digest;
  KS_TRY(digest.hmac(bindings::HashKind::sha256, salt.reveal(), name));
  std::string text = "avp-PLACEHOLDER-";
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char byte : digest.view()) {
    bits = (bits << 8U) | static_cast<unsigned char>(byte);
    count += 8;
    for (; count >= 5; count -= 5) {
      text.push_back(kAlphabet[(bits >> (count - 5)) & 31U]);
    }
    bits &= (1U << count) - 1;
  }
  text.resize(std::string_view("avp-PLACEHOLDER-").size() + kLetters);
  return text;
}

base::Result<std::vector<NoteText>> note_texts(const Done& brought, const Secret* salt) {
  std::vector<NoteText> texts;
  for (const FetchedValue& one : brought.values) {
    NoteText text{one.key, std::string(one.value.reveal()), ""};
    if (salt != nullptr && !text.name.empty()) {
      auto made = note_placeholder(*salt, text.name);
      if (!made) {
        return made.error();
      }
      text.placeholder = std::move(*made);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace keyswap::vault
