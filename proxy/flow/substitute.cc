// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/base/limits.h"
#include "proxy/flow/destination.h"
#include "proxy/http/encoder.h"
#include "proxy/http/target.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using http::Framing;

struct Swap {
  std::size_t field;
  const Credential& credential;
  vault::LockedBuffer& scratch;  // where the head is written
};

// Appends the new value of the credential's field. On an error a part of it may be there.
base::Status render(const Credential& credential, vault::LockedBuffer& scratch) {
  const std::size_t begin = scratch.size();
  KS_TRY(credential.injection.render(credential.input, scratch));
  const std::string_view value = scratch.reveal().substr(begin);
  // R5: a secret can never change a message's framing or become a second field.
  if (value.empty() || !http::is_field_value(value)) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a header field"};
  }
  if (value.size() > base::limits::kRequestFieldBytesMax) {
    return base::Error{base::Errc::limit_exceeded, "the credential is too long for a header field"};
  }
  return {};
}

// It is rendered where it stands, so that the scratch has room for it once.
base::Status encode_credential(vault::LockedBuffer& scratch,
                               std::string_view name,
                               const Credential& credential) {
  KS_TRY(http::encode_field_begin(scratch, name));
  KS_TRY(render(credential, scratch));
  return http::encode_field_end(scratch);
}

// What an extension would do to frames, such as compress them, could not be read (I9).
bool is_extension_offer(const http::Field& field) {
  return base::equal_ignoring_case(field.name, "sec-websocket-extensions");
}

// RFC 9110 section 7.6.2: for OPTIONS it counts the hops; 0 ended before (proxy/flow/destination).
bool counts_hops(const http::RequestHead& head, const http::Field& field) {
  return head.method == "OPTIONS" && base::equal_ignoring_case(field.name, "max-forwards");
}

base::Status encode_one_field(base::ByteSink& out,
                              const http::RequestHead& head,
                              const http::HopByHop& hop_by_hop,
                              const http::Field& field) {
  if (base::equal_ignoring_case(field.name, "transfer-encoding")) {
    // I9: the framing that was understood is the framing that is sent.
    return head.framing.kind == Framing::Kind::chunked
               ? http::encode_field(out, field.name, "chunked")
               : base::Status{};
  }
  if (hop_by_hop.has(field.name) || is_extension_offer(field)) {
    return {};
  }
  if (counts_hops(head, field)) {
    return http::encode_field(out, field.name, one_hop_less(field.value));
  }
  return http::encode_field(out, field.name, field.value);
}

// The fields that ask for a WebSocket go from hop to hop, so they are ours to write. A head that
// asks for one gets here if a binding opens one to it (proxy/flow/decide.cc).
base::Status encode_upgrade(base::ByteSink& out, const http::RequestHead& head) {
  if (!http::asks_for_websocket(head)) {
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
  const http::HopByHop hop_by_hop(head.fields);
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const http::Field& field = head.fields[i];
    if (swap != nullptr && swap->field == i) {
      KS_TRY(encode_credential(swap->scratch, field.name, swap->credential));
    } else {
      KS_TRY(encode_one_field(out, head, hop_by_hop, field));
    }
  }
  KS_TRY(encode_upgrade(out, head));
  return http::encode_head_end(out);
}

struct NewField {
  std::string_view name;
  std::string_view value;
  const Credential* credential = nullptr;  // not null: it makes the value
  bool is_written = false;
};

// What of a head with edits in it is still to be written.
class RewrittenHead {
 public:
  RewrittenHead(vault::LockedBuffer& out,
                const http::RequestHead& head,
                const Rewrite& rewrite,
                std::vector<NewField> fields)
      : out_(out),
        head_(head),
        rewrite_(rewrite),
        hop_by_hop_(head.fields),
        fields_(std::move(fields)) {}

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
    for (NewField& edit : fields_) {
      if (base::equal_ignoring_case(field.name, edit.name)) {
        // A second line of an edited field goes: there is one credential.
        return std::exchange(edit.is_written, true) ? base::Status{} : write_new(field.name, edit);
      }
    }
    if (is_dropped(field.name)) {
      return {};
    }
    if (!rewrite_.host.empty() && base::equal_ignoring_case(field.name, "host")) {
      return std::exchange(has_host_, true) ? base::Status{}
                                            : http::encode_field(out_, field.name, rewrite_.host);
    }
    return encode_one_field(out_, head_, hop_by_hop_, field);
  }

  base::Status write_new(std::string_view name, const NewField& field) {
    return field.credential != nullptr ? encode_credential(out_, name, *field.credential)
                                       : http::encode_field(out_, name, field.value);
  }

  base::Status write_missing() {
    if (!rewrite_.host.empty() && !has_host_) {
      KS_TRY(http::encode_field(out_, "Host", rewrite_.host));
    }
    for (const NewField& edit : fields_) {
      if (!edit.is_written) {
        KS_TRY(write_new(edit.name, edit));
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

  vault::LockedBuffer& out_;
  const http::RequestHead& head_;
  const Rewrite& rewrite_;
  http::HopByHop hop_by_hop_;
  std::vector<NewField> fields_;
  bool has_host_ = false;
};

// What `write` writes into `scratch`; on an error nothing stays in it.
template <typename Write>
base::Result<std::string_view> written_to(vault::LockedBuffer& scratch, Write write) {
  scratch.clear();
  if (const base::Status written = write(); !written) {
    scratch.clear();
    return written.error();
  }
  return scratch.reveal();
}

}  // namespace

base::Status check_credential(const Credential& credential, vault::LockedBuffer& scratch) {
  scratch.clear();
  const base::Status rendered = render(credential, scratch);
  scratch.clear();
  return rendered;
}

base::Result<std::string_view> encode_signed_message(vault::LockedBuffer& scratch,
                                                     const vault::Secret& message,
                                                     const http::Mask& mask) {
  return written_to(scratch, [&] {
    return http::encode_frame(scratch, http::Opcode::text, true, message.reveal(), mask);
  });
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
    if (value.size() > base::limits::kRequestFieldBytesMax) {
      return base::Error{base::Errc::limit_exceeded,
                         "the credential is too long for a header field"};
    }
  }
  if (rewrite.edits.target && !http::is_origin_form(*rewrite.edits.target)) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a target"};
  }
  return {};
}

base::Result<std::string_view> encode_rewritten_head(vault::LockedBuffer& scratch,
                                                     const http::RequestHead& head,
                                                     std::string_view target,
                                                     const Rewrite& rewrite,
                                                     const Credential* credential) {
  std::vector<NewField> fields;
  for (const bindings::FieldEdit& edit : rewrite.edits.fields) {
    fields.push_back({edit.name, edit.value.reveal()});
  }
  if (credential != nullptr) {
    fields.push_back({credential->injection.header(), {}, credential});
  }
  const std::string_view sent = rewrite.edits.target ? *rewrite.edits.target : target;
  return written_to(scratch, [&] {
    return RewrittenHead(scratch, head, rewrite, std::move(fields)).write(sent);
  });
}

base::Result<std::string_view> encode_swapped_head(vault::LockedBuffer& scratch,
                                                   const http::RequestHead& head,
                                                   std::string_view target,
                                                   std::size_t field,
                                                   const Credential& credential) {
  const Swap swap{field, credential, scratch};
  return written_to(scratch, [&] { return encode_head(scratch, head, target, &swap); });
}

}  // namespace keyswap::flow
