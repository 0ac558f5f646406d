// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/known_secrets.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

namespace bounds = base::bounds;

// In the Holdings: no caller can be called so.
constexpr std::string_view kHolderName = "(answers)";

// A search, and the count of what it holds.
struct Held {
  SharedSearch search;
  vault::Holder holder;
};

bool is_in(std::span<const WantedSecret> secrets, std::string_view bytes) {
  return std::ranges::any_of(secrets, [&](const WantedSecret& secret) {
    return base::equal_constant_time(secret.bytes, bytes);
  });
}

// As that rule's: of two entries with one value, the one that is used says what stands for it.
bool knows(const SecretSearch& search, const WantedSecret& secret) {
  return std::ranges::any_of(search.secrets(), [&](const SecretSearch::Known& known) {
    return known.placeholder == secret.placeholder &&
           base::equal_constant_time(known.bytes, secret.bytes);
  });
}

bool knows_all(const SecretSearch& search, std::span<const WantedSecret> secrets) {
  return std::ranges::all_of(secrets, [&](const WantedSecret& secret) {
    return secret.bytes.size() < kTokenBytesMin || knows(search, secret);
  });
}

}  // namespace

SharedSearch make_held_search(vault::Holdings* holdings,
                              std::string_view holder,
                              std::span<const WantedSecret> secrets) {
  auto search = SecretSearch::make(secrets);
  vault::Holder counted(holdings, holder);
  if (search == nullptr || !counted.hold(search->block())) {
    return nullptr;
  }
  auto held = std::make_shared<Held>(Held{std::move(search), std::move(counted)});
  return {held, held->search.get()};
}

class KnownSecrets::Wishes {
 public:
  // False: they are too many.
  bool require(std::span<const WantedSecret> secrets) {
    std::ranges::for_each(secrets, [&](const WantedSecret& secret) { add(secret); });
    return list_.size() <= bounds::kScrubbedSecretsMax;
  }

  bool require(const SharedSearch& search) {
    for (std::size_t i = 0; search != nullptr && i < search->secrets().size(); ++i) {
      add(search->secrets()[i].wanted());
    }
    return list_.size() <= bounds::kScrubbedSecretsMax;
  }

  // The newest come first; of the values of one entry the first few, whatever is required.
  void wish(const SharedSearch& search) {
    for (std::size_t i = 0; search != nullptr && i < search->secrets().size(); ++i) {
      const SecretSearch::Known& secret = search->secrets()[i];
      const auto newer = std::span(search->secrets()).first(i);
      const auto of_its_entry = std::ranges::count_if(newer, [&](const auto& other) {
        return other.name == secret.name && other.is_derived == secret.is_derived;
      });
      if (list_.size() < bounds::kScrubbedSecretsMax &&
          static_cast<std::size_t>(of_its_entry) < bounds::kValuesPerSecretMax) {
        add(secret.wanted());
      }
    }
  }

  [[nodiscard]] std::span<const WantedSecret> list() const { return list_; }

 private:
  void add(const WantedSecret& secret) {
    if (secret.bytes.size() >= kTokenBytesMin && !is_in(list_, secret.bytes)) {
      list_.push_back(secret);
    }
  }

  std::vector<WantedSecret> list_;
};

base::Result<SharedSearch> KnownSecrets::add(std::string_view host,
                                             std::span<const WantedSecret> secrets,
                                             const SharedSearch& kept) {
  const std::lock_guard guard(mutex_);
  const SharedSearch known = host_of(host).search;
  if (known != nullptr && knows_all(*known, secrets) && (kept == nullptr || kept == known)) {
    return known;
  }
  Wishes shared;  // of all who talk to the host
  Wishes own;     // of who asks
  if (!shared.require(secrets) || !own.require(secrets) || !own.require(kept)) {
    return base::Error{base::Errc::limit_exceeded, "too many secrets to look for"};
  }
  const base::Error no_room{base::Errc::unavailable, "no locked memory to look for a secret"};
  SharedSearch search = known;
  const SharedSearch before = known != nullptr ? known : forgotten_;
  if (known == nullptr || !knows_all(*known, secrets)) {
    shared.wish(before);
    search = make(std::string(host), shared.list());
    if (search == nullptr) {
      return no_room;
    }
  }
  SharedSearch given = search;
  own.wish(search);
  if (kept != nullptr && !knows_all(*search, own.list())) {
    given = knows_all(*kept, own.list()) ? kept : make_held(own.list());
    if (given == nullptr) {
      return no_room;
    }
  }
  Host& now = host_of(host);
  if (now.search != search) {
    now.search = std::move(search);
    is_empty_ = false;
    ++version_;
  }
  return given;
}

SharedSearch KnownSecrets::find(std::string_view host, const SharedSearch& kept) {
  if (is_empty_) {
    return kept;
  }
  {
    const std::lock_guard guard(mutex_);
    const auto found = hosts_.find(std::string(host));
    if (found == hosts_.end() || found->second.search == nullptr) {
      return kept != nullptr ? kept : forgotten_;
    }
    found->second.used = ++uses_;
    if (kept == nullptr || kept == found->second.search) {
      return found->second.search;
    }
  }
  auto search = add(host, {}, kept);
  return search ? *search : kept;
}

bool KnownSecrets::should_learn(std::string_view host, std::uint16_t port, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  Host& known = host_of(host);
  if (known.learnt_again_at_ms && now_ms >= *known.learnt_again_at_ms) {
    known.learnt_again_at_ms.reset();
    known.learnt.clear();
  }
  return known.learnt.insert(port).second;
}

void KnownSecrets::learn_again(std::string_view host, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  // I10: a source that fails is asked no more often for it.
  if (const auto known = hosts_.find(std::string(host)); known != hosts_.end()) {
    auto& at_ms = known->second.learnt_again_at_ms;
    at_ms = at_ms.value_or(now_ms + bounds::kSecretAskedAgainMs);
  }
}

void KnownSecrets::renew() {
  const std::lock_guard guard(mutex_);
  for (auto& [name, host] : hosts_) {
    host.learnt.clear();
    host.learnt_again_at_ms.reset();
  }
}

KnownSecrets::Host& KnownSecrets::host_of(std::string_view host) {
  const std::string name(host);
  auto known = hosts_.find(name);
  if (known == hosts_.end()) {
    if (hosts_.size() >= bounds::kKnownHostsMax) {
      forget_one(name);
    }
    known = hosts_.try_emplace(name).first;
  }
  known->second.used = ++uses_;
  return known->second;
}

// I10: others are forgotten for it past the bound.
SharedSearch KnownSecrets::make(const std::string& host, std::span<const WantedSecret> secrets) {
  auto search = make_held(secrets);
  if (search == nullptr) {
    return nullptr;
  }
  const std::size_t size = search->block().size();
  while (bytes_without(host) + size > bounds::kKnownSecretsBytesMax && forget_one(host)) {
  }
  return search;
}

// Nobody is forgotten for it.
SharedSearch KnownSecrets::make_held(std::span<const WantedSecret> secrets) const {
  return make_held_search(holdings_, kHolderName, secrets);
}

// The one that was asked for longest ago. False: there is no other.
bool KnownSecrets::forget_one(const std::string& but) {
  auto oldest = hosts_.end();
  for (auto host = hosts_.begin(); host != hosts_.end(); ++host) {
    if (host->first != but && (oldest == hosts_.end() || host->second.used < oldest->second.used)) {
      oldest = host;
    }
  }
  if (oldest == hosts_.end()) {
    return false;
  }
  const SharedSearch search = std::move(oldest->second.search);
  hosts_.erase(oldest);
  keep_forgotten(search);
  ++version_;
  return true;
}

// As much of it as there is room for.
void KnownSecrets::keep_forgotten(const SharedSearch& search) {
  Wishes wishes;
  if (search == nullptr || !wishes.require(search)) {
    return;
  }
  wishes.wish(forgotten_);
  if (forgotten_ != nullptr && knows_all(*forgotten_, wishes.list())) {
    return;
  }
  auto made = make_held(wishes.list());
  if (made != nullptr && made->block().size() <= bounds::kKnownSecretsBytesMax / 2) {
    forgotten_ = std::move(made);
  }
}

// What searches at rest hold of other hosts; those in use hold theirs besides.
std::size_t KnownSecrets::bytes_without(const std::string& host) const {
  std::size_t sum = 0;
  for (const auto& [name, other] : hosts_) {
    sum += other.search == nullptr || name == host ? 0 : other.search->block().size();
  }
  return sum;
}

}  // namespace keyswap::flow
