// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_response.h"

#include <algorithm>
#include <string>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"

namespace keyswap::flow {

namespace {

using http::Framing;

// RFC 9110 section 8.6: no Content-Length with 1xx and 204.
bool may_have_length(int status) {
  return status >= 200 && status != 204;
}

// Only the end of such a body says how long it was.
bool has_unknown_length(const http::ResponseHead& head, BodyLength length) {
  return head.framing.kind == Framing::Kind::chunked ||
         head.framing.kind == Framing::Kind::until_close ||
         (length == BodyLength::changed && head.framing.kind == Framing::Kind::length &&
          head.framing.length > 0);
}

// Adds the fields that go on, and counts their bytes. False: they are too many.
class FieldWriter {
 public:
  FieldWriter(http::OutgoingFields& out, Scrubber* scrubber) : out_(out), scrubber_(scrubber) {}

  [[nodiscard]] bool write(const http::ResponseHead& head, bool with_length) {
    const http::HopByHop hop_by_hop(head.fields);
    out_.reserve(head.fields.size());
    for (const http::Field& field : head.fields) {
      const bool is_length = base::equal_ignoring_case(field.name, "content-length");
      const bool goes_on = is_length ? with_length : !hop_by_hop.has(field.name);
      if (goes_on && !add(field)) {
        return false;
      }
    }
    return true;
  }

 private:
  bool add(const http::Field& field) {
    if (scrubber_ == nullptr || !scrubber_->is_in(field.value)) {
      out_.add({field.name, field.value});
      return has_room(field.value.size());
    }
    base::Buffer scrubbed(base::bounds::kResponseHeadBytesMax);
    if (!scrubber_->feed(field.value, true, scrubbed)) {
      return false;
    }
    out_.add_made(field.name, std::string(scrubbed.view()));
    return has_room(scrubbed.size());
  }

  // I10: a placeholder may be longer than the secret that it stands for.
  bool has_room(std::size_t bytes) {
    bytes_ += bytes;
    return bytes_ <= base::bounds::kResponseHeadBytesMax;
  }

  http::OutgoingFields& out_;
  Scrubber* scrubber_;
  std::size_t bytes_ = 0;
};

std::optional<http::OutgoingResponse> without_length(const http::ResponseHead& head,
                                                     Scrubber* scrubber) {
  http::OutgoingResponse out(head.status, head.reason);
  if (!FieldWriter(out.fields, scrubber).write(head, false)) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

bool has_content_coding(const http::ResponseHead& head) {
  return std::ranges::any_of(head.fields, [](const http::Field& field) {
    return base::equal_ignoring_case(field.name, "content-encoding") &&
           !base::equal_ignoring_case(field.value, "identity");
  });
}

std::optional<http::OutgoingResponse> outgoing_response(const http::ResponseHead& head,
                                                        BodyLength length,
                                                        Scrubber* scrubber) {
  http::OutgoingResponse out(head.status, head.reason);
  out.has_unknown_length = has_unknown_length(head, length);
  const bool with_length = !out.has_unknown_length && may_have_length(head.status);
  if (!FieldWriter(out.fields, scrubber).write(head, with_length)) {
    return std::nullopt;
  }
  return out;
}

std::optional<http::OutgoingResponse> outgoing_interim(const http::ResponseHead& head,
                                                       Scrubber* scrubber) {
  return without_length(head, scrubber);
}

std::optional<http::OutgoingResponse> outgoing_switching(const http::ResponseHead& head) {
  auto out = without_length(head, nullptr);
  if (out) {
    out->grants_websocket = true;
  }
  return out;
}

}  // namespace keyswap::flow
