// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_request.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/flow/destination.h"
#include "proxy/flow/substitute.h"
#include "proxy/http/target.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using http::Framing;
using http::OutgoingField;

bool is_name(std::string_view a, std::string_view b) {
  return base::equal_ignoring_case(a, b);
}

// RFC 9110 section 7.6.2: for OPTIONS it counts the hops; 0 ended before (flow/destination).
bool counts_hops(const http::RequestHead& head, const http::Field& field) {
  return head.method == "OPTIONS" && is_name(field.name, "max-forwards");
}

// One field that leaves with another value than it came with.
struct Edit {
  std::optional<std::size_t> at;  // as in CredentialField
  OutgoingField field;
  bool is_written = false;

  [[nodiscard]] bool is_of(std::size_t number, std::string_view name) const {
    return at ? *at == number : is_name(field.name, name);
  }
};

class Builder {
 public:
  Builder(const http::RequestHead& head, const Rewrite* rewrite, const CredentialField* credential)
      : head_(head), rewrite_(rewrite), hop_by_hop_(head.fields) {
    if (rewrite != nullptr) {
      take_edits(*rewrite);
    }
    if (credential != nullptr) {
      edits_.push_back({credential->at, {credential->name, credential->value, true}});
    }
  }

  http::OutgoingRequest build(std::string_view target) {
    out_.method = head_.method;
    out_.target = target;
    out_.fields.reserve(head_.fields.size() + edits_.size() + 1);
    if (rewrite_ != nullptr && rewrite_->edits.target) {
      out_.target = *rewrite_->edits.target;
    }
    for (std::size_t i = 0; i < head_.fields.size(); ++i) {
      if (!take_edited(i)) {
        take(head_.fields[i]);
      }
    }
    add_missing();
    // A head that asks for one gets here if a binding opens one to it (flow/decide.cc).
    out_.asks_for_websocket = http::asks_for_websocket(head_);
    return std::move(out_);
  }

 private:
  void take_edits(const Rewrite& rewrite) {
    edits_.reserve(rewrite.edits.fields.size() + 2);
    if (!rewrite.host.empty()) {
      edits_.push_back({std::nullopt, {"Host", rewrite.host}});
    }
    for (const bindings::FieldEdit& edit : rewrite.edits.fields) {
      edits_.push_back({std::nullopt, {edit.name, edit.value.reveal(), true}});
    }
  }

  // False: nothing edits this field.
  bool take_edited(std::size_t number) {
    const std::string_view name = head_.fields[number].name;
    for (Edit& edit : edits_) {
      if (edit.is_of(number, name)) {
        // A second line of an edited field goes: there is one credential.
        if (!std::exchange(edit.is_written, true)) {
          out_.fields.add({name, edit.field.value, edit.field.is_secret});
        }
        return true;
      }
    }
    return false;
  }

  void take(const http::Field& field) {
    if (is_dropped(field.name)) {
      return;
    }
    if (is_name(field.name, "transfer-encoding")) {
      // I9: the framing that was understood is the framing that is sent.
      if (head_.framing.kind == Framing::Kind::chunked) {
        out_.chunked_at = out_.fields.size();
      }
    } else if (counts_hops(head_, field)) {
      out_.fields.add_made(field.name, one_hop_less(field.value));
    } else if (!hop_by_hop_.has(field.name)) {
      out_.fields.add({field.name, field.value});
    }
  }

  [[nodiscard]] bool is_dropped(std::string_view name) const {
    // What an extension would do to frames, such as compress them, could not be read (I9).
    if (is_name(name, "sec-websocket-extensions")) {
      return true;
    }
    if (rewrite_ == nullptr) {
      return false;
    }
    if (rewrite_->body_bytes && (is_name(name, "content-length") ||
                                 is_name(name, "transfer-encoding") || is_name(name, "expect"))) {
      return true;
    }
    return std::ranges::any_of(rewrite_->edits.removed,
                               [&](const std::string& removed) { return is_name(name, removed); });
  }

  void add_missing() {
    for (const Edit& edit : edits_) {
      if (!edit.is_written) {
        out_.fields.add(edit.field);
      }
    }
    if (rewrite_ == nullptr || !rewrite_->body_bytes) {
      return;
    }
    const std::size_t length = *rewrite_->body_bytes;
    if (length > 0 || head_.framing.kind != Framing::Kind::none) {
      out_.fields.add_made("Content-Length", std::to_string(length));
    }
  }

  const http::RequestHead& head_;
  const Rewrite* rewrite_;
  http::HopByHop hop_by_hop_;
  std::vector<Edit> edits_;
  http::OutgoingRequest out_;
};

}  // namespace

base::Status check_rewrite(const Rewrite& rewrite) {
  for (const bindings::FieldEdit& edit : rewrite.edits.fields) {
    if (!http::is_token(edit.name)) {
      return base::Error{base::Errc::invalid_input,
                         "the credential cannot stand in a header field"};
    }
    KS_TRY(check_secret_value(edit.value.reveal()));
  }
  if (rewrite.edits.target && !http::is_origin_form(*rewrite.edits.target)) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a target"};
  }
  return {};
}

http::OutgoingRequest outgoing_request(const http::RequestHead& head,
                                       std::string_view target,
                                       const Rewrite* rewrite,
                                       const CredentialField* credential) {
  return Builder(head, rewrite, credential).build(target);
}

}  // namespace keyswap::flow
