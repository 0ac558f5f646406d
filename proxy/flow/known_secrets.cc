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

bool knows(const SecretSearch& search, std::string_view bytes) {
  return std::ranges::any_of(search.secrets(), [&](const SecretSearch::Known& known) {
    return base::equal_constant_time(known.bytes, bytes);
  });
}

bool knows_all(const SecretSearch& search, std::span<const WantedSecret> secrets) {
  return std::ranges::all_of(secrets, [&](const WantedSecret& secret) {
    return secret.bytes.size() < kTokenBytesMin || knows(search, secret.bytes);
  });
}

}  // namespace

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

  // What was known first counts most; of the values of one entry the first few.
  void wish(const SharedSearch& search) {
    for (std::size_t i = 0; search != nullptr && i < search->secrets().size(); ++i) {
      const WantedSecret secret = search->secrets()[i].wanted();
      const auto of_its_entry = std::ranges::count_if(list_, [&](const WantedSecret& other) {
        return other.name == secret.name && other.is_derived == secret.is_derived;
      });
      if (list_.size() < bounds::kScrubbedSecretsMax &&
          static_cast<std::size_t>(of_its_entry) < bounds::kValuesPerSecretMax) {
        add(secret);
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
  Host& known = host_of(host);
  if (known.search != nullptr && knows_all(*known.search, secrets)) {
    if (kept == nullptr || kept == known.search) {
      return known.search;
    }
  }
  Wishes wishes;
  if (!wishes.require(secrets) || !wishes.require(kept)) {
    return base::Error{base::Errc::limit_exceeded, "too many secrets to look for"};
  }
  wishes.wish(known.search);
  if (known.search != nullptr && knows_all(*known.search, wishes.list())) {
    return known.search;
  }
  const SharedSearch before = known.search;  // the wishes are views of it
  auto search = make(std::string(host), wishes.list());
  if (search == nullptr) {
    return base::Error{base::Errc::unavailable, "no locked memory to look for a secret"};
  }
  host_of(host).search = search;
  is_empty_ = false;
  return search;
}

SharedSearch KnownSecrets::find(std::string_view host, const SharedSearch& kept) {
  if (is_empty_) {
    return kept;
  }
  {
    const std::lock_guard guard(mutex_);
    const auto found = hosts_.find(std::string(host));
    if (found == hosts_.end() || found->second.search == nullptr) {
      return kept;
    }
    found->second.used = ++uses_;
    if (kept == nullptr || kept == found->second.search) {
      return found->second.search;
    }
  }
  auto search = add(host, {}, kept);
  return search ? *search : kept;
}

bool KnownSecrets::should_learn(std::string_view host, std::uint16_t port) {
  const std::lock_guard guard(mutex_);
  return host_of(host).learnt.insert(port).second;
}

void KnownSecrets::renew() {
  const std::lock_guard guard(mutex_);
  for (auto& [name, host] : hosts_) {
    host.learnt.clear();
  }
}

KnownSecrets::Host& KnownSecrets::host_of(std::string_view host) {
  const std::string name(host);
  if (!hosts_.contains(name) && hosts_.size() >= bounds::kKnownHostsMax) {
    forget_one(name);
  }
  Host& known = hosts_[name];
  known.used = ++uses_;
  return known;
}

// I10: others are forgotten for it where there is no room.
SharedSearch KnownSecrets::make(const std::string& host, std::span<const WantedSecret> secrets) {
  for (;;) {
    auto search = SecretSearch::make(secrets);
    vault::Holder holder(holdings_, kHolderName);
    if (search != nullptr && holder.hold(search->block())) {
      while (bytes() + search->block().size() > bounds::kKnownSecretsBytesMax && forget_one(host)) {
      }
      auto held = std::make_shared<Held>(Held{std::move(search), std::move(holder)});
      return {held, held->search.get()};
    }
    if (!forget_one(host)) {
      return nullptr;
    }
  }
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
  hosts_.erase(oldest);
  return true;
}

// What searches at rest hold; those in use hold theirs besides.
std::size_t KnownSecrets::bytes() const {
  std::size_t sum = 0;
  for (const auto& [name, host] : hosts_) {
    sum += host.search == nullptr ? 0 : host.search->block().size();
  }
  return sum;
}

}  // namespace keyswap::flow
