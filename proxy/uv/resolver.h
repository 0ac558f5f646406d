// SPDX-License-Identifier: Apache-2.0
//
// Names -> addresses for one loop, without a thread: /etc/hosts first, then the name servers of
// /etc/resolv.conf, which is read anew when it changes. A slow answer delays only who asked for
// that name: all who ask for it share one question, and what is learnt counts for a while
// (name_cache.h).
//
// IPv6 and IPv4 are asked for beside each other; when one has come, the other is waited for
// bounds::kOtherFamilyMs at most (RFC 8305 section 3). localhost and below is this machine, and
// below .invalid there is nothing (RFC 6761): neither is asked for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/uv/loop.h"

namespace keyswap::uv {

class Resolver {
 public:
  // As DnsChannel::open.
  static base::Result<std::unique_ptr<Resolver>> create(Loop& loop);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  Resolver(Resolver&&) = delete;
  Resolver& operator=(Resolver&&) = delete;
  ~Resolver();  // what waits is told nothing any more

  struct State;

 private:
  friend class Lookup;
  explicit Resolver(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// One question. Destroying it drops the answer.
class Lookup {
 public:
  // Canonical literals, at most bounds::kAddressesPerHostMax, the families in turns and IPv6 first;
  // those of /etc/hosts in its order. Else not_found; timed_out after bounds::kLookupMs at the
  // latest; network; limit_exceeded (bounds::kLookupsMax).
  using Answer = base::Result<std::vector<std::string>>;
  // Called once, later; never from inside the constructor.
  using Done = std::function<void(const Answer&)>;

  // `host`: in the normal form of http::Authority.
  Lookup(Resolver& resolver, const std::string& host, Done done);
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  Lookup(Lookup&&) = delete;
  Lookup& operator=(Lookup&&) = delete;
  ~Lookup();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace keyswap::uv
