// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/h1/encoder.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <initializer_list>

#include "proxy/http/grammar.h"
#include "proxy/http/message.h"

namespace keyswap::http {

namespace {

constexpr std::size_t kSizeDigitsMax = 16;

base::Status append_all(base::ByteSink& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (!out.append(part)) {
      return base::Error{base::Errc::limit_exceeded, "the buffer for outgoing bytes is full"};
    }
  }
  return {};
}

base::Error refused(base::Note note) {
  return {base::Errc::invalid_input, note};
}

}  // namespace

base::Status encode_request_line(base::ByteSink& out,
                                 std::string_view method,
                                 std::string_view target) {
  if (!is_token(method)) {
    return refused("the method to send is not a token");
  }
  if (target.empty() || !grammar::is_target(target)) {
    return refused("the target to send is empty or holds a byte that may not be there");
  }
  return append_all(out, {method, " ", target, " HTTP/1.1\r\n"});
}

base::Status encode_status_line(base::ByteSink& out, int status, std::string_view reason) {
  if (status < 100 || status > 999) {
    return refused("the status to send is not between 100 and 999");
  }
  if (!grammar::is_field_text(reason)) {
    return refused("a control byte in the reason to send");
  }
  std::array<char, 3> digits{};
  std::to_chars(digits.data(), digits.data() + digits.size(), status);
  return append_all(out, {"HTTP/1.1 ", {digits.data(), digits.size()}, " ", reason, "\r\n"});
}

base::Status encode_field(base::ByteSink& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    return refused("the field name to send is not a token");
  }
  if (!is_field_value(value)) {
    return refused("the field value to send holds a control byte or white space around it");
  }
  return append_all(out, {name, ": ", value, "\r\n"});
}

base::Status encode_head_end(base::ByteSink& out) {
  return append_all(out, {"\r\n"});
}

base::Status encode_chunk(base::ByteSink& out, std::string_view body) {
  KS_TRY(encode_chunk_begin(out, body.size()));
  return append_all(out, {body, kChunkEnd});
}

base::Status encode_chunk_begin(base::ByteSink& out, std::size_t bytes) {
  if (bytes == 0) {
    return refused("an empty chunk would end the body");
  }
  std::array<char, kSizeDigitsMax> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16);
  const auto count = static_cast<std::size_t>(end.ptr - digits.data());
  return append_all(out, {{digits.data(), count}, "\r\n"});
}

base::Status encode_last_chunk(base::ByteSink& out) {
  return append_all(out, {"0\r\n\r\n"});
}

}  // namespace keyswap::http
