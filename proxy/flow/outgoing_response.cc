// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_response.h"

#include <string>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/content_codings.h"

namespace keyswap::flow {

namespace {

using http::Framing;

// RFC 9110 section 8.6: no Content-Length with 1xx and 204.
bool may_have_length(int status) {
  return status >= 200 && status != 204;
}

// Only the end of such a body says how long it was.
bool has_unknown_length(const http::ResponseHead& head, BodyFate body) {
  return head.framing.kind == Framing::Kind::chunked ||
         head.framing.kind == Framing::Kind::until_close ||
         (body != BodyFate::kept && head.framing.kind == Framing::Kind::length &&
          head.framing.length > 0);
}

// All of it, as it came. (Empty where nobody decoded it.)
std::string_view bytes_of(const http::ResponseHead& head) {
  return {head.block.bytes.get(), head.block.size};
}

// Does the field say what is not true of the body as it goes on?
bool is_untrue(std::string_view name, BodyFate body) {
  return (body == BodyFate::decoded && is_of_coded_body(name)) ||
         (body == BodyFate::changed && is_digest(name));
}

// keyswap's own word on an answer (proxy/flow/reply.h): no upstream says it.
bool is_ours(std::string_view name) {
  return base::equal_ignoring_case(name, "keyswap-reason");
}

// Writes what goes on of a head, and counts its bytes. False: they are too many.
class HeadWriter {
 public:
  HeadWriter(const http::ResponseHead& head, Scrubber* scrubber)
      : head_(head), scrubber_(scrubber), out_(head.status, head.reason) {
    // Most heads have none in them, and are looked through at once.
    if (scrubber_ != nullptr && head.block.size > 0 && !scrubber_->is_in(bytes_of(head))) {
      scrubber_ = nullptr;
    }
  }

  // `length`: said instead of the one that came. Nothing: it is too large.
  std::optional<http::OutgoingResponse> write(BodyFate body,
                                              bool with_length,
                                              std::optional<std::uint64_t> length = std::nullopt) {
    const auto reason = shown(head_.reason);
    if (!reason) {
      return std::nullopt;
    }
    out_.reason = *reason;
    const http::HopByHop hop_by_hop(head_.fields);
    out_.fields.reserve(head_.fields.size());
    for (const http::Field& field : head_.fields) {
      const bool is_length = base::equal_ignoring_case(field.name, "content-length");
      const bool goes_on = is_length ? with_length && !length : !hop_by_hop.has(field.name);
      if (goes_on && !is_ours(field.name) && !is_untrue(field.name, body) && !add(field, body)) {
        return std::nullopt;
      }
    }
    if (length) {
      out_.fields.add({"Content-Length", out_.fields.keep(std::to_string(*length))});
    }
    return std::move(out_);
  }

 private:
  bool add(const http::Field& field, BodyFate body) {
    const auto name = shown(field.name);
    auto value = shown(field.value);
    if (!name || !value) {
      return false;
    }
    if (!http::is_token(*name)) {
      return true;  // it was a secret, and its placeholder is no name
    }
    if (body == BodyFate::decoded && value->starts_with('"') &&
        base::equal_ignoring_case(*name, "etag")) {
      value = out_.fields.keep("W/" + std::string(*value));  // it is not the same byte for byte
    }
    out_.fields.add({*name, *value});
    // I10: a placeholder may be longer than the secret that it stands for.
    bytes_ += value->size();
    return bytes_ <= base::bounds::kResponseHeadBytesMax;
  }

  // Without secrets. Nothing: too large.
  std::optional<std::string_view> shown(std::string_view text) {
    if (scrubber_ == nullptr || !scrubber_->is_in(text)) {
      return text;
    }
    base::Buffer scrubbed(base::bounds::kResponseHeadBytesMax);
    if (!scrubber_->scrub(text, FoundIn::head, scrubbed)) {
      return std::nullopt;
    }
    return out_.fields.keep(std::string(scrubbed.view()));
  }

  const http::ResponseHead& head_;
  Scrubber* scrubber_;
  http::OutgoingResponse out_;
  std::size_t bytes_ = 0;
};

}  // namespace

std::optional<http::OutgoingResponse> outgoing_response(const http::ResponseHead& head,
                                                        BodyFate body,
                                                        Scrubber* scrubber,
                                                        std::optional<std::uint64_t> length) {
  const bool is_unknown = !length && has_unknown_length(head, body);
  auto out =
      HeadWriter(head, scrubber).write(body, !is_unknown && may_have_length(head.status), length);
  if (out) {
    out->has_unknown_length = is_unknown;
  }
  return out;
}

std::optional<http::OutgoingResponse> outgoing_interim(const http::ResponseHead& head,
                                                       Scrubber* scrubber) {
  return HeadWriter(head, scrubber).write(BodyFate::kept, false);
}

std::optional<http::OutgoingResponse> outgoing_switching(const http::ResponseHead& head,
                                                         Scrubber* scrubber) {
  auto out = outgoing_interim(head, scrubber);
  if (out) {
    out->grants_websocket = true;
  }
  return out;
}

}  // namespace keyswap::flow
