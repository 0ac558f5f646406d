// SPDX-License-Identifier: Apache-2.0
//
// I8: what is looked for in an exchange's answer. That is what its host received in this process,
// of this request or another, and what other rules would send there (proxy/flow/known_secrets.h).
// Only a binding with `scrub: off` has the answers to what it lets through passed on as they come.
#include <algorithm>
#include <array>
#include <utility>

#include "proxy/flow/exchange.h"

namespace keyswap::flow {

namespace {

// What shows half a secret, or what cannot be searched, is not asked for.
// (Some servers know other names for a range.)
constexpr std::array<std::string_view, 7> kNotAskedFor = {"range",
                                                          "if-range",
                                                          "a-im",
                                                          "request-range",
                                                          "x-ms-range",
                                                          "x-ms-range-get-content-md5",
                                                          "x-ms-range-get-content-crc64"};

}  // namespace

// Of the scopes that an answer is under: those of what was used, and, while a body is sent on as it
// comes, of what may yet be used in it.
template <typename Test>
bool Exchange::any_scope(Test test) const {
  const auto passes = [&](const auto& one) {
    return test(setup_.bindings->rules[one.rule].scopes[one.scope]);
  };
  if (admission_.is_allowed() && std::ranges::any_of(verdict().uses, passes)) {
    return true;
  }
  if (swapping_ == nullptr || !swapping_->is_streamed) {
    return false;
  }
  return (!swapping_->has_ended && std::ranges::any_of(swapping_->swap.places(), passes)) ||
         std::ranges::any_of(swapping_->ready, [&](const Swapping::Ready& ready) {
           return test(setup_.bindings->rules[ready.place.rule].scopes[ready.scope]);
         });
}

// Of the head or in a body, so far.
bool Exchange::sends_secrets() const {
  return admission_.is_allowed() || (swapping_ != nullptr && !swapping_->ready.empty());
}

// Does a binding say that the answer goes on as it comes? Not of one that may be captured.
bool Exchange::is_unscrubbed() const {
  return captures_.empty() && sends_secrets() &&
         !any_scope([](const bindings::Scope& scope) { return scope.is_scrubbed; });
}

// What is sent of secrets: of the head and a body that was held, or of one place in a body.
base::Status Exchange::look_for(const Credentials& sent, AnswerFilters& filters) {
  if (is_unscrubbed()) {
    return {};
  }
  std::span<const vault::Secret> secrets = sent.secrets;
  std::vector<WantedSecret> wanted;
  bool is_signed = false;
  for (const PlaceOf& used : places_of(sent.uses)) {
    const bindings::SecretRule& rule = setup_.bindings->rules[used.rule];
    is_signed = is_signed || rule.signer() != nullptr;
    const bindings::Injection& injection = *rule.places[used.place].injection;
    const auto& names = injection.needs();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!injection.needs_private_key(i)) {
        wanted.push_back(wanted_secret(secrets[i], names[i].text(), rule.stand_in()));
      }
    }
    secrets = secrets.subspan(names.size());
  }
  KS_TRY(know(wanted, filters));
  return is_signed ? base::Status{} : look_for_derived(sent, std::move(wanted), filters);
}

// What a scheme made of the secrets, where that is like none of them: a hash, a code.
base::Status Exchange::look_for_derived(const Credentials& sent,
                                        std::vector<WantedSecret> wanted,
                                        AnswerFilters& filters) {
  std::vector<DerivedCredential> derived;
  KS_TRY(find_derived(sent, filters.scrubber(), *setup_.scratch, derived));
  for (const DerivedCredential& one : derived) {
    const bindings::SecretRule& rule = setup_.bindings->rules[one.rule];
    wanted.push_back(wanted_secret(one.value, rule.name.text(), rule.stand_in()));
    wanted.back().is_derived = true;
  }
  return derived.empty() ? base::Status{} : know(wanted, filters);
}

base::Status Exchange::know(std::span<const WantedSecret> wanted, AnswerFilters& filters) {
  KnownSecrets alone;
  KnownSecrets& known = setup_.known == nullptr ? alone : *setup_.known;
  const std::uint64_t version = known.version();
  auto search = known.add(setup_.destination.authority.host, wanted, filters.search());
  if (!search) {
    return search.error();
  }
  known_version_ = version;
  filters.look_for(std::move(*search), findings_);
  return {};
}

// The newest of what is known of the host. Other loops are not asked, nor waited for, while nothing
// new came to be known anywhere.
void Exchange::look_for_known(AnswerFilters& filters) {
  if (setup_.known == nullptr || is_unscrubbed()) {
    return;
  }
  const std::uint64_t version = setup_.known->version();
  if (filters.search() != nullptr && version == known_version_) {
    return;
  }
  SharedSearch found = setup_.known->find(setup_.destination.authority.host, filters.search());
  // The same one may be all that there was room for: then the next look asks again.
  known_version_ = found == filters.search() ? KnownSecrets::kNoVersion : version;
  filters.look_for(std::move(found), findings_);
}

// An answer that is not compressed, and whole.
void Exchange::ask_plainly(bindings::Edits& edits, Ranges ranges) const {
  if (ranges == Ranges::drop) {
    edits.remove_fields(kNotAskedFor);
  }
  if (asked_->head.fields.find("accept-encoding") != nullptr) {
    edits.set_field("Accept-Encoding", "identity");
  }
}

// Was that done before it was signed?
bool Exchange::is_asked_plainly() const {
  return admission_.is_allowed() && rule().signer() != nullptr &&
         rule().signer()->signs_what_leaves();
}

// Why the body that follows is not passed on, if it is not.
std::optional<base::Failure> Exchange::open_filters(const http::ResponseHead& head,
                                                    AnswerFilters& filters) {
  if (is_unscrubbed()) {
    filters = {};  // they were for what the body might have used
  }
  look_for_known(filters);
  if (!filters.open(head)) {
    return base::Failure{base::Cause::content_coding_broken, {}};
  }
  const bool is_blind = filters.reading() == AnswerFilters::Reading::blind &&
                        head.framing.kind != http::Framing::Kind::none;
  if (!is_blind) {
    return std::nullopt;
  }
  base::Failure failure{base::Cause::content_coding_unknown, {}};
  if (blocks_uninspectable()) {
    return failure;
  }
  admission_.fail(std::move(failure));  // it is noted
  return std::nullopt;
}

// Where no secret went out with the request, another's may come back: it is up to all rules that
// would send one there.
bool Exchange::blocks_uninspectable() const {
  const auto blocks = [](const bindings::Scope& scope) {
    return scope.uninspectable == bindings::Uninspectable::block;
  };
  if (sends_secrets()) {
    return any_scope(blocks);
  }
  const http::Authority& authority = setup_.destination.authority;
  const auto numbers = setup_.bindings->rules_binding(authority);
  return std::ranges::any_of(numbers, [&](std::uint32_t number) {
    return std::ranges::any_of(
        setup_.bindings->rules[number].scopes, [&](const bindings::Scope& scope) {
          return scope.is_scrubbed && blocks(scope) && bindings::Bindings::names(scope, authority);
        });
  });
}

// A piece of the response's body, or (`is_last`) its end.
void Exchange::pass_body(std::string_view bytes,
                         bool is_last,
                         Relaying& relaying,
                         Actions& actions) {
  if (relaying.capture != nullptr) {
    capture_body(bytes, is_last, relaying, actions);
    return;
  }
  const bool is_held = relaying.held != nullptr && relaying.held->hold(bytes);
  if (is_held && !is_last) {
    return;
  }
  if (is_held && is_clean(relaying)) {
    bytes = relaying.held->body();  // from where it lies
  } else if (relaying.filters.reading() != AnswerFilters::Reading::none) {
    if (!filter(is_held ? std::string_view() : bytes, is_last, relaying)) {
      cut_filtered(relaying, actions);
      return;
    }
    bytes = leaving_.filtered.view();
  }
  const auto length = is_held ? std::optional<std::uint64_t>(bytes.size()) : std::nullopt;
  if (!send_filtered(bytes, length, relaying, actions)) {
    return;
  }
  if (is_last) {
    actions.emplace_back(EndResponse{});
  }
}

// Is all of what is held as it may go on? Most of it is.
bool Exchange::is_clean(Relaying& relaying) {
  look_for_known(relaying.filters);
  return relaying.filters.reading() == AnswerFilters::Reading::plain &&
         !relaying.filters.scrubber()->is_in(relaying.held->body());
}

// What is held, and behind it this piece, by the newest of what is known. False: past a bound, or
// it cannot be decoded.
bool Exchange::filter(std::string_view bytes, bool is_last, Relaying& relaying) {
  look_for_known(relaying.filters);
  leaving_.filtered.clear();
  if (relaying.held == nullptr) {
    return relaying.filters.feed(bytes, is_last, leaving_.filtered).has_value();
  }
  const bool is_all = bytes.empty();
  return relaying.filters.feed(relaying.held->body(), is_all && is_last, leaving_.filtered) &&
         (is_all || relaying.filters.feed(bytes, is_last, leaving_.filtered));
}

// What became of a piece, behind the head that was held with it, which says its length where it is
// whole. False: the head cannot be passed on, and the exchange is over.
bool Exchange::send_filtered(std::string_view bytes,
                             std::optional<std::uint64_t> length,
                             Relaying& relaying,
                             Actions& actions) {
  if (relaying.held != nullptr) {
    leaving_.whole = std::move(relaying.held);
    if (!send_head(leaving_.whole->head(), length, relaying, actions)) {
      return false;
    }
  }
  send_body(bytes, actions);
  return true;
}

// As much at a time as a codec writes.
void Exchange::send_body(std::string_view bytes, Actions& actions) {
  while (!bytes.empty()) {
    const std::string_view some = bytes.substr(0, base::bounds::kReadChunkBytes);
    actions.emplace_back(SendResponseBody{some});
    bytes.remove_prefix(some.size());
  }
}

bool Exchange::keeps_back() const {
  const auto* const relaying = std::get_if<Relaying>(&state_);
  return relaying != nullptr && relaying->has_head &&
         (relaying->held != nullptr || relaying->filters.may_let_go());
}

void Exchange::handle(const Paused& /*event*/, Actions& actions) {
  if (!keeps_back()) {
    return;
  }
  static_cast<void>(let_go(relaying(), actions));
}

// What is held of the answer's beginning, and of the rest what cannot be the beginning of a secret.
// False: the exchange is over.
bool Exchange::let_go(Relaying& relaying, Actions& actions) {
  leaving_.filtered.clear();
  const bool is_filtered = relaying.held == nullptr || filter({}, false, relaying);
  if (!is_filtered ||
      (relaying.filters.may_let_go() && !relaying.filters.let_go(leaving_.filtered))) {
    cut_filtered(relaying, actions);
    return false;
  }
  return send_filtered(leaving_.filtered.view(), std::nullopt, relaying, actions);
}

// I10: past a filter's bounds, or it cannot be decoded. What was kept back is not shown.
void Exchange::cut_filtered(Relaying& relaying, Actions& actions) {
  const bool is_decoded = relaying.filters.reading() == AnswerFilters::Reading::decoded;
  if (is_decoded) {
    admission_.fail({base::Cause::content_coding_broken, {}});
  }
  const auto outcome =
      is_decoded ? audit::Outcome::upstream_protocol_error : audit::Outcome::unknown;
  if (relaying.held == nullptr) {
    abort_response(relaying, outcome, actions);
  } else {
    fail_sent(audit::Reason::upstream_protocol_error, outcome, actions);
  }
}

// What came back is told in the record of how it ended.
void Exchange::tell_findings(Actions& actions) const {
  for (Action& action : actions) {
    if (auto* const ended = std::get_if<RecordResponse>(&action)) {
      ended->scrubbed = findings_.list();
    }
  }
}

}  // namespace keyswap::flow
