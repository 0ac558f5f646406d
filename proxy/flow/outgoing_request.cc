// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_request.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/operations.h"
#include "proxy/http/target.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using http::Framing;

bool is_name(std::string_view a, std::string_view b) {
  return base::equal_ignoring_case(a, b);
}

// RFC 9110 section 7.6.2: for OPTIONS it counts the hops; 0 ended before (flow/destination).
bool counts_hops(const http::RequestHead& head, const http::Field& field) {
  return head.method == "OPTIONS" && is_name(field.name, "max-forwards");
}

bool is_secret(const bindings::EditText& text) {
  return !std::holds_alternative<std::string>(text);
}

bool removes(const bindings::Edit& edit, std::string_view name) {
  if (const auto* const one = std::get_if<bindings::FieldRemoval>(&edit)) {
    return is_name(one->name, name);
  }
  const auto* const several = std::get_if<bindings::FieldRemovals>(&edit);
  return several != nullptr && std::ranges::any_of(several->names, [name](std::string_view other) {
           return is_name(other, name);
         });
}

class Builder {
 public:
  Builder(const http::RequestHead& head, const bindings::Edits& edits)
      : head_(head),
        edits_(edits),
        body_length_(edits.find<bindings::BodyLengthEdit>()),
        is_made_chunked_(edits.find<bindings::BodyChunkedEdit>() != nullptr),
        hop_by_hop_(head.fields) {}

  http::OutgoingRequest build(std::string_view target) {
    out_.method = head_.method;
    out_.target = target;
    out_.fields.reserve(head_.fields.size() + 2);
    if (const auto* const edit = edits_.find<bindings::TargetEdit>()) {
      out_.target = bytes_of(edit->value);
      out_.is_target_secret = is_secret(edit->value);
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
  // False: no edit is about this field.
  bool take_edited(std::size_t number) {
    const std::string_view name = head_.fields[number].name;
    for (const bindings::Edit& edit : edits_) {
      if (const auto* const set = std::get_if<bindings::FieldEdit>(&edit)) {
        if (set->at ? *set->at == number : is_name(set->name, name)) {
          take_set(number, *set);
          return true;
        }
      } else if (removes(edit, name)) {
        return true;
      }
    }
    return false;
  }

  // A second line of a field that is set by its name goes: there is one credential.
  void take_set(std::size_t number, const bindings::FieldEdit& edit) {
    const http::Field& field = head_.fields[number];
    if (edit.at || head_.fields.find(field.name) == &field) {
      out_.fields.add({field.name, bytes_of(edit.value), is_secret(edit.value)});
    }
  }

  void take(const http::Field& field) {
    if (is_dropped(field.name)) {
      return;
    }
    if (is_made_chunked_ && is_name(field.name, "content-length")) {
      out_.chunked_at = out_.fields.size();
    } else if (is_name(field.name, "transfer-encoding")) {
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
    // What an extension would do to frames, such as compress them, could not be read (I9). An
    // operation is between its client and us.
    if (is_name(name, "sec-websocket-extensions") || is_name(name, kOperationField)) {
      return true;
    }
    return body_length_ != nullptr &&
           (is_name(name, "content-length") || is_name(name, "transfer-encoding") ||
            is_name(name, "expect"));
  }

  // Does an edit before it say what becomes of that field? The first one counts.
  [[nodiscard]] bool is_decided_before(const bindings::FieldEdit& edit) const {
    for (const bindings::Edit& other : edits_) {
      const auto* const set = std::get_if<bindings::FieldEdit>(&other);
      if (set == &edit) {
        return false;
      }
      if ((set != nullptr && !set->at && is_name(set->name, edit.name)) ||
          removes(other, edit.name)) {
        return true;
      }
    }
    return false;
  }

  void add_missing() {
    for (const bindings::Edit& edit : edits_) {
      const auto* const set = std::get_if<bindings::FieldEdit>(&edit);
      if (set != nullptr && !set->at && head_.fields.find(set->name) == nullptr &&
          !is_decided_before(*set)) {
        out_.fields.add({set->name, bytes_of(set->value), is_secret(set->value)});
      }
    }
    if (body_length_ != nullptr &&
        (body_length_->bytes > 0 || head_.framing.kind != Framing::Kind::none)) {
      out_.fields.add_made("Content-Length", std::to_string(body_length_->bytes));
    }
  }

  const http::RequestHead& head_;
  const bindings::Edits& edits_;
  const bindings::BodyLengthEdit* body_length_;
  bool is_made_chunked_;
  http::HopByHop hop_by_hop_;
  http::OutgoingRequest out_;
};

}  // namespace

std::string_view bytes_of(const bindings::EditText& text) {
  if (const auto* const plain = std::get_if<std::string>(&text)) {
    return *plain;
  }
  if (const auto* const locked = std::get_if<bindings::Locked>(&text)) {
    return locked->bytes;
  }
  return std::get<vault::Secret>(text).reveal();
}

// A secret can never change a message's framing or become a second field.
base::Status check_field_value(std::string_view value) {
  if (value.empty() || !http::is_field_value(value)) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a header field"};
  }
  if (value.size() > base::bounds::kRequestFieldBytesMax) {
    return base::Error{base::Errc::limit_exceeded, "the credential is too long for a header field"};
  }
  return {};
}

base::Status check_target(std::string_view target) {
  if (!http::is_origin_form(target)) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a target"};
  }
  return {};
}

base::Status check_edits(const bindings::Edits& edits) {
  for (const bindings::Edit& edit : edits) {
    if (const auto* const set = std::get_if<bindings::FieldEdit>(&edit)) {
      if (!http::is_token(set->name)) {
        return base::Error{base::Errc::invalid_input, "that is no name of a header field"};
      }
      KS_TRY(check_field_value(bytes_of(set->value)));
    }
  }
  const auto* const target = edits.find<bindings::TargetEdit>();
  return target == nullptr ? base::Status{} : check_target(bytes_of(target->value));
}

http::OutgoingRequest outgoing_request(const http::RequestHead& head,
                                       std::string_view target,
                                       const bindings::Edits& edits) {
  return Builder(head, edits).build(target);
}

}  // namespace keyswap::flow
