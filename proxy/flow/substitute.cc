// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

#include "proxy/base/limits.h"
#include "proxy/http/encoder.h"

namespace keyswap::flow {

namespace {

using http::Framing;

struct Swap {
  std::size_t field;
  std::string_view value;
};

base::Status encode_one_field(base::ByteSink& out,
                              const http::RequestHead& head,
                              const http::Field& field) {
  if (base::equal_ignoring_case(field.name, "transfer-encoding")) {
    // I9: the framing that was understood is the framing that is sent.
    return head.framing.kind == Framing::Kind::chunked
               ? http::encode_field(out, field.name, "chunked")
               : base::Status{};
  }
  if (http::is_hop_by_hop(field.name, head.fields)) {
    return {};
  }
  return http::encode_field(out, field.name, field.value);
}

base::Status encode_head(base::ByteSink& out,
                         const http::RequestHead& head,
                         std::string_view target,
                         const Swap* swap) {
  KS_TRY(http::encode_request_line(out, head.method, target));
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const http::Field& field = head.fields[i];
    if (swap != nullptr && swap->field == i) {
      KS_TRY(http::encode_field(out, field.name, swap->value));
    } else {
      KS_TRY(encode_one_field(out, head, field));
    }
  }
  return http::encode_head_end(out);
}

}  // namespace

base::Result<vault::Secret> render_credential(const bindings::Injection& injection,
                                              const bindings::RenderInput& input,
                                              vault::LockedBuffer& scratch) {
  scratch.clear();
  KS_TRY(injection.render(input, scratch));
  const std::string_view value = scratch.reveal();
  // R5: a secret can never change a message's framing or become a second field.
  if (value.empty() || !http::is_field_value(value)) {
    scratch.clear();
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a header field"};
  }
  if (value.size() > base::limits::kFieldBytesMax) {
    scratch.clear();
    return base::Error{base::Errc::limit_exceeded, "the credential is too long for a header field"};
  }
  auto credential = vault::Secret::copy_of(value);
  scratch.clear();
  return credential;
}

base::Status encode_request_head(base::ByteSink& out,
                                 const http::RequestHead& head,
                                 std::string_view target) {
  return encode_head(out, head, target, nullptr);
}

base::Result<std::string_view> encode_swapped_head(vault::LockedBuffer& scratch,
                                                   const http::RequestHead& head,
                                                   std::string_view target,
                                                   std::size_t field,
                                                   const vault::Secret& credential) {
  scratch.clear();
  const Swap swap{field, credential.reveal()};
  if (const auto encoded = encode_head(scratch, head, target, &swap); !encoded) {
    scratch.clear();
    return encoded.error();
  }
  return scratch.reveal();
}

}  // namespace keyswap::flow
