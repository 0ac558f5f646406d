// SPDX-License-Identifier: Apache-2.0
//
// Questions to the name servers of /etc/resolv.conf, and to /etc/hosts (c-ares). Questions do not
// wait for each other and need no thread. resolv.conf is read when the channel is opened: make
// another when it changed. Of /etc/nsswitch.conf nothing is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/uv/loop.h"

namespace keyswap::uv {

class DnsChannel {
 public:
  enum class Family : std::uint8_t { ipv4, ipv6 };

  struct Found {
    std::vector<std::string> addresses;  // canonical, at most bounds::kAddressesPerHostMax
    std::int64_t ttl_s = 0;              // for so long they count
  };

  // not_found: no such name, or no address of this family; timed_out; network; closed: the channel
  // is being destroyed.
  using Done = std::function<void(base::Result<Found>)>;

  // io when c-ares cannot be started.
  static base::Result<std::unique_ptr<DnsChannel>> open(Loop& loop);
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;
  DnsChannel(DnsChannel&&) = delete;
  DnsChannel& operator=(DnsChannel&&) = delete;
  // Tells every question under way. Not from inside a Done.
  ~DnsChannel();

  // The addresses that /etc/hosts gives the name, in the file's order; empty when it does not stand
  // there. Reads the file.
  [[nodiscard]] std::vector<std::string> from_hosts(const std::string& name);

  // `done` is called once, perhaps at once. A name with a dot in it is asked for as it is; one
  // without also below the `search` domains of resolv.conf.
  void ask(const std::string& name, Family family, Done done);

  // Questions under way.
  [[nodiscard]] std::size_t pending() const;

 private:
  struct State;
  explicit DnsChannel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::uv
