// SPDX-License-Identifier: Apache-2.0
//
// A request whose client signed what leaves: the head is signed as it leaves, after all edits, and
// the body is not collected, if the signature does not need it: it passes as it came, or is signed
// anew in pieces. What is not right in the middle of a body cuts the upload: it is never completed.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Reason;

namespace {

// I8: of what these rules send there is no more than the name of a key, and a token that ends; of
// another rule's secret a part of an answer could show one half, and the next part the other.
bool may_come_in_parts(const bindings::Bindings& bindings, const http::Authority& authority) {
  return std::ranges::all_of(bindings.rules_binding(authority), [&](std::uint32_t number) {
    const bindings::SecretRule& rule = bindings.rules[number];
    return rule.places.empty() || (rule.signer() != nullptr && rule.signer()->signs_what_leaves());
  });
}

}  // namespace

// I9: nothing of the head is changed any more once it is signed.
base::Status Exchange::prepare_what_leaves(const bindings::Signer& signer,
                                           std::span<const vault::Secret> secrets,
                                           Prepared& prepared) const {
  bindings::Edits& edits = prepared.edits;
  edit_for_route(edits);
  if (!is_unscrubbed()) {
    ask_plainly(edits,
                may_come_in_parts(*setup_.bindings, setup_.destination.authority) ? Ranges::keep
                                                                                  : Ranges::drop);
  }
  if (is_collected_) {
    edits.set_body_length(body_.size());
  }
  const auto outgoing = outgoing_request(asked_->head, asked_->target, edits);
  http::HeaderList fields;
  fields.reserve(outgoing.fields.size());
  std::vector<std::string> values;  // the edits' own move when others come to them
  values.reserve(outgoing.fields.size());
  for (const http::OutgoingField& field : outgoing.fields) {
    fields.add(field.name, values.emplace_back(field.value));
  }
  bindings::WholeRequest request{outgoing.method,
                                 outgoing.target,
                                 setup_.destination.authority.host,
                                 fields,
                                 body_.view(),
                                 setup_.destination.authority.port,
                                 setup_.now_us};
  const bindings::SignInput input = sign_input(secrets, prepared);
  KS_TRY(signer.sign(request, input, edits));
  if (has_request_body() && signer.body_use(request) == bindings::BodyUse::rewritten) {
    auto body_signer = signer.sign_body(request, input, edits);
    if (!body_signer) {
      return body_signer.error();
    }
    prepared.body_signer = std::move(*body_signer);
  }
  KS_TRY(hold_edits(prepared));
  return check_edits(edits);
}

// I6: its record was durable before its head left.
void Exchange::sign_body(std::string_view bytes, Relaying& relaying, Actions& actions) {
  Resigning& now = *resigning_;
  now.signed_bytes.clear();
  // I10: what is held, and as much that leaves.
  if (!body_.count_besides(2 * (now.signer->held() + bytes.size()))) {
    cut_upload(Reason::too_busy, relaying, actions);
    return;
  }
  if (const auto fed = now.signer->feed(bytes, now.signed_bytes); !fed) {
    refuse_signed_body(fed.error(), relaying, actions);
    return;
  }
  // In pieces that can be framed, whatever the framing is.
  for (auto rest = now.signed_bytes.view(); !rest.empty();) {
    const auto some = rest.substr(0, base::bounds::kReadChunkBytes);
    actions.emplace_back(SendRequestBody{some});
    rest.remove_prefix(some.size());
  }
}

// False: it is refused, and the exchange is over.
bool Exchange::end_signed_body(Relaying& relaying, Actions& actions) {
  if (resigning_ == nullptr) {
    return true;
  }
  const auto ended = resigning_->signer->end();
  if (!ended) {
    refuse_signed_body(ended.error(), relaying, actions);
  }
  return ended.has_value();
}

void Exchange::refuse_signed_body(const base::Error& error, Relaying& relaying, Actions& actions) {
  const bool is_too_large = error.code == base::Errc::limit_exceeded;
  refuse_body(is_too_large ? Reason::body_too_large : Reason::malformed_request,
              verdict().uses.front().rule,
              relaying,
              actions);
}

}  // namespace keyswap::flow
