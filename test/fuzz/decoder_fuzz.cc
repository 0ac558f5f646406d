// SPDX-License-Identifier: Apache-2.0
//
// Any bytes, as request or response. Three things must hold: nothing crashes; every
// cut gives the same events (I15); and a head that is accepted, written anew by the encoder, is
// accepted again as the same head (I9).
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/assert.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/encoder.h"
#include "proxy/http/message.h"
#include "test/http/trace.h"

namespace keyswap::http {

namespace {

class StringSink final : public base::ByteSink {
 public:
  bool append(std::string_view bytes) override {
    text += bytes;
    return true;
  }

  std::string text;
};

std::string encode(const RequestHead& head) {
  StringSink out;
  KS_ASSERT(encode_request_line(out, head.method, head.target).has_value());
  for (const Field& field : head.fields) {
    KS_ASSERT(encode_field(out, field.name, field.value).has_value());
  }
  KS_ASSERT(encode_head_end(out).has_value());
  return out.text;
}

std::string encode(const ResponseHead& head) {
  StringSink out;
  KS_ASSERT(encode_status_line(out, head.status, head.reason).has_value());
  for (const Field& field : head.fields) {
    KS_ASSERT(encode_field(out, field.name, field.value).has_value());
  }
  KS_ASSERT(encode_head_end(out).has_value());
  return out.text;
}

bool same_fields(const HeaderList& a, const HeaderList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Field& x, const Field& y) {
    return x.name == y.name && x.value == y.value;
  });
}

// Reads the first head again from what the encoder made of it.
void check_round_trip(Decoder::Role role, std::string_view input, AnswerTo answer_to) {
  Decoder first(role);
  first.expect(answer_to);
  if (first.next(input).kind != Step::Kind::head) {
    return;
  }
  Decoder second(role);
  second.expect(answer_to);
  if (role == Decoder::Role::request) {
    const RequestHead head = first.take_request();
    // HTTP/1.0 is written as HTTP/1.1, so only the parts must agree.
    KS_ASSERT(second.next(encode(head)).kind == Step::Kind::head);
    const RequestHead again = second.take_request();
    KS_ASSERT(again.method == head.method && again.target == head.target);
    KS_ASSERT(again.framing.kind == head.framing.kind);
    KS_ASSERT(again.framing.length == head.framing.length);
    KS_ASSERT(same_fields(again.fields, head.fields));
    return;
  }
  const ResponseHead head = first.take_response();
  KS_ASSERT(second.next(encode(head)).kind == Step::Kind::head);
  const ResponseHead again = second.take_response();
  KS_ASSERT(again.status == head.status && again.reason == head.reason);
  KS_ASSERT(again.framing.kind == head.framing.kind);
  KS_ASSERT(same_fields(again.fields, head.fields));
}

}  // namespace

}  // namespace keyswap::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http = keyswap::http;
  if (size < 2) {
    return 0;
  }
  const auto role =
      (data[0] & 1U) != 0 ? http::Decoder::Role::request : http::Decoder::Role::response;
  constexpr std::array<http::AnswerTo, 4> kAnswerTo = {http::AnswerTo::other,
                                                       http::AnswerTo::other,
                                                       http::AnswerTo::head_request,
                                                       http::AnswerTo::upgrade_request};
  const http::AnswerTo answer_to = kAnswerTo.at((data[0] >> 1U) % kAnswerTo.size());
  const auto expect = [answer_to](http::Decoder& decoder) {
    decoder.expect(answer_to);
  };
  const std::size_t step = 1 + data[1];
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto expected = http::test::trace(role, input, http::test::whole, expect);
  KS_ASSERT(http::test::trace(role, input, http::test::bytewise, expect) == expected);
  const auto cut = [step](std::size_t left) {
    return std::min(left, step);
  };
  KS_ASSERT(http::test::trace(role, input, cut, expect) == expected);
  http::check_round_trip(role, input, answer_to);
  return 0;
}
