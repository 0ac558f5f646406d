// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/base/limits.h"
#include "proxy/flow/decide.h"
#include "proxy/http/encoder.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

namespace {

using http::Framing;

struct Swap {
  std::size_t field;
  std::string_view value;
};

// What an extension would do to frames, such as compress them, could not be read (I9).
bool is_extension_offer(const http::Field& field) {
  return base::equal_ignoring_case(field.name, "sec-websocket-extensions");
}

base::Status encode_one_field(base::ByteSink& out,
                              const http::RequestHead& head,
                              const http::Field& field) {
  if (base::equal_ignoring_case(field.name, "transfer-encoding")) {
    // I9: the framing that was understood is the framing that is sent.
    return head.framing.kind == Framing::Kind::chunked
               ? http::encode_field(out, field.name, "chunked")
               : base::Status{};
  }
  if (http::is_hop_by_hop(field.name, head.fields) || is_extension_offer(field)) {
    return {};
  }
  return http::encode_field(out, field.name, field.value);
}

// The fields that ask for a WebSocket go from hop to hop, so they are ours to write. Only a head
// that was decided to be such a request gets here with an Upgrade field (proxy/flow/decide.cc).
base::Status encode_upgrade(base::ByteSink& out, const http::RequestHead& head) {
  if (!is_upgrade(head)) {
    return {};
  }
  KS_TRY(http::encode_field(out, "Connection", "Upgrade"));
  return http::encode_field(out, "Upgrade", "websocket");
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
  KS_TRY(encode_upgrade(out, head));
  return http::encode_head_end(out);
}

// What of a head with edits in it is still to be written.
class RewrittenHead {
 public:
  RewrittenHead(base::ByteSink& out, const http::RequestHead& head, const Rewrite& rewrite)
      : out_(out),
        head_(head),
        rewrite_(rewrite),
        is_written_(rewrite.edits.fields.size(), false) {}

  base::Status write(std::string_view target) {
    KS_TRY(http::encode_request_line(out_, head_.method, target));
    for (const http::Field& field : head_.fields) {
      KS_TRY(write_field(field));
    }
    KS_TRY(write_missing());
    KS_TRY(encode_upgrade(out_, head_));
    return http::encode_head_end(out_);
  }

 private:
  base::Status write_field(const http::Field& field) {
    const auto& edits = rewrite_.edits.fields;
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (base::equal_ignoring_case(field.name, edits[i].name)) {
        // A second line of an edited field goes: there is one credential.
        if (is_written_[i]) {
          return {};
        }
        is_written_[i] = true;
        return http::encode_field(out_, field.name, edits[i].value.reveal());
      }
    }
    if (is_dropped(field.name)) {
      return {};
    }
    if (!rewrite_.host.empty() && base::equal_ignoring_case(field.name, "host")) {
      return std::exchange(has_host_, true) ? base::Status{}
                                            : http::encode_field(out_, field.name, rewrite_.host);
    }
    return encode_one_field(out_, head_, field);
  }

  base::Status write_missing() {
    if (!rewrite_.host.empty() && !has_host_) {
      KS_TRY(http::encode_field(out_, "Host", rewrite_.host));
    }
    const auto& edits = rewrite_.edits.fields;
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (!is_written_[i]) {
        KS_TRY(http::encode_field(out_, edits[i].name, edits[i].value.reveal()));
      }
    }
    const bool had_body = head_.framing.kind != Framing::Kind::none;
    if (rewrite_.body_bytes && (had_body || *rewrite_.body_bytes > 0)) {
      KS_TRY(http::encode_field(out_, "Content-Length", std::to_string(*rewrite_.body_bytes)));
    }
    return {};
  }

  [[nodiscard]] bool is_dropped(std::string_view name) const {
    if (rewrite_.body_bytes && (base::equal_ignoring_case(name, "content-length") ||
                                base::equal_ignoring_case(name, "transfer-encoding") ||
                                base::equal_ignoring_case(name, "expect"))) {
      return true;
    }
    return std::ranges::any_of(rewrite_.edits.removed, [&](const std::string& removed) {
      return base::equal_ignoring_case(name, removed);
    });
  }

  base::ByteSink& out_;
  const http::RequestHead& head_;
  const Rewrite& rewrite_;
  std::vector<bool> is_written_;
  bool has_host_ = false;
};

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

base::Result<std::string_view> encode_signed_message(vault::LockedBuffer& scratch,
                                                     const vault::Secret& message,
                                                     const http::Mask& mask) {
  scratch.clear();
  const auto encoded =
      http::encode_frame(scratch, http::Opcode::text, true, message.reveal(), mask);
  if (!encoded) {
    scratch.clear();
    return encoded.error();
  }
  return scratch.reveal();
}

base::Status encode_request_head(base::ByteSink& out,
                                 const http::RequestHead& head,
                                 std::string_view target) {
  return encode_head(out, head, target, nullptr);
}

base::Status check_rewrite(const Rewrite& rewrite) {
  for (const bindings::FieldEdit& edit : rewrite.edits.fields) {
    const std::string_view value = edit.value.reveal();
    // R5: a secret can never change a message's framing or become a second field.
    if (!http::is_token(edit.name) || value.empty() || !http::is_field_value(value)) {
      return base::Error{base::Errc::invalid_input,
                         "the credential cannot stand in a header field"};
    }
    if (value.size() > base::limits::kFieldBytesMax) {
      return base::Error{base::Errc::limit_exceeded,
                         "the credential is too long for a header field"};
    }
  }
  if (rewrite.edits.target && !http::is_origin_form(rewrite.edits.target->reveal())) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a target"};
  }
  return {};
}

base::Result<std::string_view> encode_rewritten_head(vault::LockedBuffer& scratch,
                                                     const http::RequestHead& head,
                                                     std::string_view target,
                                                     const Rewrite& rewrite) {
  scratch.clear();
  const std::string_view sent = rewrite.edits.target ? rewrite.edits.target->reveal() : target;
  if (const auto encoded = RewrittenHead(scratch, head, rewrite).write(sent); !encoded) {
    scratch.clear();
    return encoded.error();
  }
  return scratch.reveal();
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
