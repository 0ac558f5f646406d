// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/name_answers.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

// RFC 1035 section 4.1.1.
constexpr std::size_t kDnsHeadBytes = 12;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kDnsNameBytesMax = 255;
constexpr unsigned kIsAnswer = 0x8000;
constexpr unsigned kOperation = 0x7800;
constexpr unsigned kIsAuthority = 0x0400;
constexpr unsigned kWantsRecursion = 0x0100;
constexpr unsigned kHasRecursion = 0x0080;
constexpr unsigned kFormatError = 1;
constexpr unsigned kNoSuchName = 3;
constexpr unsigned kNotImplemented = 4;
constexpr unsigned kAddress = 1;  // the type A
constexpr unsigned kInternet = 1;

// The one record of an answer: of the name at byte 12, A, IN, for no time, 127.0.0.1.
constexpr std::string_view kLoopback(
    "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01", 16);

unsigned number_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) << 8U |
         static_cast<unsigned char>(bytes[at + 1]);
}

void append_number(std::string& bytes, unsigned number) {
  bytes += static_cast<char>(number >> 8U & 0xffU);
  bytes += static_cast<char>(number & 0xffU);
}

struct Question {
  std::string name;
  unsigned type = 0;
  unsigned kind = 0;  // what RFC 1035 calls the class
  std::size_t end = 0;
};

std::optional<Question> read_question(std::string_view bytes) {
  Question question;
  std::size_t at = kDnsHeadBytes;
  while (at < bytes.size() && bytes[at] != 0) {
    const std::size_t size = static_cast<unsigned char>(bytes[at]);
    if (size > kLabelBytesMax || at + 1 + size >= bytes.size() ||
        at + size - kDnsHeadBytes > kDnsNameBytesMax) {
      return std::nullopt;
    }
    question.name += (question.name.empty() ? "" : ".") +
                     base::to_lower(std::string(bytes.substr(at + 1, size)));
    at += 1 + size;
  }
  constexpr std::size_t kBehindName = 5;  // its end, the type and the class
  if (at + kBehindName > bytes.size()) {
    return std::nullopt;
  }
  question.type = number_at(bytes, at + 1);
  question.kind = number_at(bytes, at + 3);
  question.end = at + kBehindName;
  return question;
}

std::string answer_with(std::string_view asked, unsigned code, bool has_address) {
  const unsigned flags = number_at(asked, 2);
  std::string answer(asked.substr(0, 2));
  append_number(answer,
                kIsAnswer | (flags & kOperation) | kIsAuthority | (flags & kWantsRecursion) |
                    kHasRecursion | code);
  append_number(answer, asked.size() > kDnsHeadBytes ? 1 : 0);
  append_number(answer, has_address ? 1 : 0);
  append_number(answer, 0);
  append_number(answer, 0);
  answer += asked.substr(kDnsHeadBytes);
  return answer + std::string(has_address ? kLoopback : std::string_view());
}

}  // namespace

std::string answer_question(std::string_view question,
                            const std::function<bool(std::string_view)>& is_reached) {
  if (question.size() < kDnsHeadBytes || (number_at(question, 2) & kIsAnswer) != 0) {
    return "";
  }
  const std::string_view head = question.substr(0, kDnsHeadBytes);
  if ((number_at(question, 2) & kOperation) != 0) {
    return answer_with(head, kNotImplemented, false);
  }
  const auto asked = read_question(question);
  if (number_at(question, 4) != 1 || !asked) {
    return answer_with(head, kFormatError, false);
  }
  const std::string_view repeated = question.substr(0, asked->end);
  if (asked->kind != kInternet || !is_reached(asked->name)) {
    return answer_with(repeated, kNoSuchName, false);
  }
  return answer_with(repeated, 0, asked->type == kAddress);
}

bool may_be_reached(const bindings::Bindings& bindings, std::string_view host) {
  if (bindings.unmatched_destination == bindings::UnmatchedDestination::forward_unmodified) {
    return true;
  }
  bool is_named = false;
  for (const bindings::SecretRule& rule : bindings.rules) {
    rule.see_hosts([&](const bindings::Scope& scope) {
      is_named = is_named || bindings::Bindings::names(scope, {std::string(host), scope.port});
    });
  }
  return is_named;
}

}  // namespace keyswap::cli
