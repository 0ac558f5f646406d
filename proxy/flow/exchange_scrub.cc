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

// Does a binding say that the answer goes on as it comes?
bool Exchange::is_unscrubbed() const {
  return admission_.is_allowed() && std::ranges::none_of(verdict().uses, [&](const Use& use) {
           return setup_.bindings->rules[use.rule].scopes[use.scope].is_scrubbed;
         });
}

base::Status Exchange::look_for(std::span<const vault::Secret> secrets, Prepared& prepared) {
  if (is_unscrubbed()) {
    return {};
  }
  std::vector<WantedSecret> wanted;
  for (const PlaceOf& used : places_of(verdict())) {
    const bindings::SecretRule& rule = setup_.bindings->rules[used.rule];
    const bindings::Injection& injection = *rule.places[used.place].injection;
    const auto& names = injection.needs();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!injection.needs_private_key(i)) {
        wanted.push_back(wanted_secret(secrets[i], names[i].text(), rule.stand_in()));
      }
    }
    secrets = secrets.subspan(names.size());
  }
  KS_TRY(know(wanted, prepared));
  return rule().signer() == nullptr ? look_for_derived(std::move(wanted), prepared)
                                    : base::Status{};
}

// What a scheme made of the secrets, where that is like none of them: a hash, a code.
base::Status Exchange::look_for_derived(std::vector<WantedSecret> wanted, Prepared& prepared) {
  std::vector<DerivedCredential> derived;
  KS_TRY(
      find_derived(credentials(prepared), prepared.filters.scrubber(), *setup_.scratch, derived));
  for (const DerivedCredential& one : derived) {
    const bindings::SecretRule& rule = setup_.bindings->rules[one.rule];
    wanted.push_back(wanted_secret(one.value, rule.name.text(), rule.stand_in()));
    wanted.back().is_derived = true;
  }
  return derived.empty() ? base::Status{} : know(wanted, prepared);
}

base::Status Exchange::know(std::span<const WantedSecret> wanted, Prepared& prepared) {
  KnownSecrets alone;
  KnownSecrets& known = setup_.known == nullptr ? alone : *setup_.known;
  auto search = known.add(setup_.destination.authority.host, wanted);
  if (!search) {
    return search.error();
  }
  prepared.filters.look_for(std::move(*search), findings_);
  return {};
}

// The newest of what is known of the host.
void Exchange::look_for_known(AnswerFilters& filters) {
  if (setup_.known != nullptr && !is_unscrubbed()) {
    filters.look_for(setup_.known->find(setup_.destination.authority.host, filters.search()),
                     findings_);
  }
}

// An answer that is not compressed, and whole.
void Exchange::ask_plainly(bindings::Edits& edits) const {
  for (const std::string_view name : kNotAskedFor) {
    edits.remove_field(name);
  }
  if (asked_->head.fields.find("accept-encoding") != nullptr) {
    edits.set_field("Accept-Encoding", "identity");
  }
}

// Why the body that follows is not passed on, if it is not.
std::optional<base::Failure> Exchange::open_filters(const http::ResponseHead& head,
                                                    AnswerFilters& filters) {
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
  if (admission_.is_allowed()) {
    return std::ranges::any_of(verdict().uses, [&](const Use& use) {
      return blocks(setup_.bindings->rules[use.rule].scopes[use.scope]);
    });
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
  leaving_.filtered.clear();
  AnswerFilters& filters = relaying.filters;
  if (filters.reading() != AnswerFilters::Reading::none) {
    look_for_known(filters);
    if (!filters.feed(bytes, is_last, leaving_.filtered)) {
      cut_filtered(relaying, actions);
      return;
    }
    bytes = leaving_.filtered.view();
  }
  // As much at a time as a codec writes.
  while (!bytes.empty()) {
    const std::string_view some = bytes.substr(0, base::bounds::kReadChunkBytes);
    actions.emplace_back(SendResponseBody{some});
    bytes.remove_prefix(some.size());
  }
  if (is_last) {
    actions.emplace_back(EndResponse{});
  }
}

// I10: past a filter's bounds, or it cannot be decoded. What was kept back is not shown.
void Exchange::cut_filtered(const Relaying& relaying, Actions& actions) {
  if (relaying.filters.reading() != AnswerFilters::Reading::decoded) {
    abort_response(relaying, audit::Outcome::unknown, actions);
    return;
  }
  admission_.fail({base::Cause::content_coding_broken, {}});
  abort_response(relaying, audit::Outcome::upstream_protocol_error, actions);
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
