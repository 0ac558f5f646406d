// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/host_secrets.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {

struct Learnt {
  std::string name;
  std::string placeholder;
  vault::Secret value;
};

void add(flow::KnownSecrets& known, std::string_view host, std::span<const Learnt> learnt) {
  std::vector<flow::WantedSecret> wanted;
  for (const Learnt& one :
       learnt.first(std::min(learnt.size(), base::bounds::kScrubbedSecretsMax))) {
    wanted.push_back(flow::wanted_secret(one.value, one.name, one.placeholder));
  }
  if (wanted.empty() || known.add(host, wanted)) {
    return;
  }
  // There is no room for all of them: as many as there is.
  for (const flow::WantedSecret& one : wanted) {
    if (!known.add(host, std::span(&one, 1))) {
      return;
    }
  }
}

bool is_scrubbed(const bindings::SecretRule& rule, const http::Authority& destination) {
  return std::ranges::any_of(rule.scopes, [&](const bindings::Scope& scope) {
    return scope.is_scrubbed && bindings::Bindings::names(scope, destination);
  });
}

// What is there at once of the entries that a place of the rule needs. The rest is added as it
// comes.
void learn(SecretLane& lane,
           flow::KnownSecrets& known,
           const bindings::Bindings& bindings,
           std::string_view host,
           const bindings::SecretRule& rule,
           const bindings::Injection& injection,
           std::vector<Learnt>& learnt) {
  const std::string stand_in(rule.stand_in());
  for (std::size_t i = 0; i < injection.needs().size(); ++i) {
    if (injection.needs_private_key(i)) {
      continue;
    }
    const vault::SecretName& name = injection.needs()[i];
    auto add_late =
        [&known, host = std::string(host), name = name.text(), stand_in](vault::Secret late) {
          const Learnt one{name, stand_in, std::move(late)};
          add(known, host, std::span(&one, 1));
        };
    auto ask_again = [&lane, &known, host = std::string(host)] {
      known.learn_again(host, lane.now_ms());
    };
    if (auto value = lane.look_up(bindings, name, {std::move(add_late), std::move(ask_again)})) {
      learnt.push_back({name.text(), stand_in, std::move(*value)});
    }
  }
}

void add(flow::RealValues& real, std::span<const Learnt> learnt) {
  std::vector<flow::WantedSecret> wanted;
  for (const Learnt& one : learnt) {
    wanted.push_back(flow::wanted_secret(one.value, one.name, {}));
  }
  real.add(wanted);
}

// `room`: for the forms of more. False: there is none; so no more are open at once than are kept.
bool learn(SecretLane& lane,
           flow::RealValues& real,
           const bindings::Bindings& bindings,
           const bindings::Injection& injection,
           std::size_t& room,
           std::vector<Learnt>& learnt) {
  for (std::size_t i = 0; i < injection.needs().size(); ++i) {
    const vault::SecretName& name = injection.needs()[i];
    if (injection.needs_private_key(i) || !real.should_ask(name.text())) {
      continue;
    }
    auto add_late = [&real, name = name.text()](vault::Secret late) {
      const Learnt one{name, {}, std::move(late)};
      add(real, std::span(&one, 1));
    };
    auto ask_again = [&lane, &real, name = name.text()] {
      real.ask_again(name, lane.now_ms());
    };
    auto value = lane.look_up(bindings, name, {std::move(add_late), std::move(ask_again)});
    const std::size_t bytes = value ? flow::FormWriter::room_for(value->size()) : 0;
    if (!value || bytes > base::bounds::kRealValuesBytesMax) {
      continue;
    }
    if (bytes > room || learnt.size() == base::bounds::kRealValuesMax) {
      return false;
    }
    room -= bytes;
    learnt.push_back({name.text(), {}, std::move(*value)});
  }
  return true;
}

// Of some rules, as far as there is room.
void learn_all(SecretLane& lane,
               flow::RealValues& real,
               const bindings::Bindings& bindings,
               std::span<const std::uint32_t> numbers,
               std::vector<Learnt>& learnt) {
  std::size_t room = base::bounds::kRealValuesBytesMax;
  for (const std::uint32_t number : numbers) {
    for (const bindings::SecretPlace& place : bindings.rules[number].places) {
      if (!learn(lane, real, bindings, *place.injection, room, learnt)) {
        return;
      }
    }
  }
}

}  // namespace

void learn_host_secrets(SecretLane& lane,
                        flow::KnownSecrets& known,
                        const bindings::Bindings& bindings,
                        const http::Authority& destination,
                        std::span<const flow::PlaceOf> used) {
  if (!known.should_learn(destination.host, destination.port, lane.now_ms())) {
    return;
  }
  std::vector<Learnt> learnt;
  for (const std::uint32_t number : bindings.rules_binding(destination)) {
    const bindings::SecretRule& rule = bindings.rules[number];
    const bool is_used = std::ranges::find(used, number, &flow::PlaceOf::rule) != used.end();
    if (is_used || !is_scrubbed(rule, destination)) {
      continue;
    }
    for (const bindings::SecretPlace& place : rule.places) {
      if (learnt.size() >= base::bounds::kScrubbedSecretsMax) {
        break;  // I10: no more are looked for
      }
      learn(lane, known, bindings, destination.host, rule, *place.injection, learnt);
    }
  }
  add(known, destination.host, learnt);
}

void learn_real_values(SecretLane& lane,
                       flow::RealValues& real,
                       const bindings::Bindings& bindings,
                       const http::Authority& destination) {
  if (!bindings.binds(destination) ||
      !real.should_learn(destination.host, destination.port, lane.now_ms())) {
    return;
  }
  std::vector<Learnt> learnt;
  learn_all(lane, real, bindings, bindings.rules_binding(destination), learnt);
  add(real, learnt);
}

}  // namespace keyswap::net
