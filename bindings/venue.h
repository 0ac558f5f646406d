// SPDX-License-Identifier: Apache-2.0
//
// A venue: a place where things are traded, whose requests are judged by what they ask for and not
// only by where they go. Its descriptor is all that the rest of the program knows of it; how its
// requests and messages are judged, valued and signed is the business of its scheme
// (bindings/signer.h, bindings/message_signer.h).
//
// Each venue is a folder in bindings/venues/, a target that nothing but the table links
// (bindings/venues/table.cc), and a line in that table. A descriptor is immutable and pure, and
// lives as long as the program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/scheme.h"
#include "bindings/trading_rules.h"

namespace keyswap::bindings {

class ConfigIssues;
struct Place;

struct VenueHost {
  // The list that `hosts:` names, "venue.what", and the account that orders at this host act on;
  // "": it is in no list, and an account of its own.
  std::string_view list;
  std::string_view name;         // normal form
  bool takes_messages = false;   // on a WebSocket, and takes nothing else
  std::uint16_t other_port = 0;  // for messages, besides 443; 0: none
};

class Venue {
 public:
  Venue() = default;
  Venue(const Venue&) = delete;
  Venue& operator=(const Venue&) = delete;
  Venue(Venue&&) = delete;
  Venue& operator=(Venue&&) = delete;
  virtual ~Venue() = default;

  // How its requests and messages are judged and signed.
  [[nodiscard]] virtual const Scheme& scheme() const = 0;

  // Of the venue and its scheme: in `inject.type`, and of the reverse route /NAME/.
  [[nodiscard]] std::string_view name() const { return scheme().name; }

  [[nodiscard]] virtual std::span<const VenueHost> hosts() const = 0;

  // The keys that an entry of `bindings:` may have for it.
  [[nodiscard]] virtual std::span<const TradingKey> trading_keys() const = 0;

  // Reports what is wrong with an entry of `endpoints:`.
  virtual void check_endpoint(const NamedEndpoint& endpoint,
                              Place place,
                              ConfigIssues& issues) const = 0;

  // Reports a host that cannot be bound, or not in this way. `place`: of the entries.
  virtual void check_scope(const Scope& scope, Place place, ConfigIssues& issues) const = 0;

  // Does /NAME/SEGMENT/... lead to that host (normal form)?
  [[nodiscard]] virtual bool serves_route(std::string_view host,
                                          std::string_view segment) const = 0;

  // Does an answer with this status say that nothing was traded? An order's value is then given
  // back to its day. `status`: of a response, or of a message's reply; 0: it does not say.
  [[nodiscard]] virtual bool says_refused(int status) const = 0;

  // What `keyswap bindings explain` says of an endpoint: "the endpoint is ..."; "" = nothing.
  [[nodiscard]] virtual std::string note_on(std::string_view method,
                                            std::string_view path) const = 0;
};

// The venue of that name, or nullptr.
const Venue* find_venue(Venues venues, std::string_view name);
// What that venue knows of a host (normal form), or nullptr.
const VenueHost* find_venue_host(const Venue& venue, std::string_view host);

// Names of the lists that `hosts:` may name, each once.
std::vector<std::string_view> host_lists(Venues venues);
// The hosts of a list; none if there is no such list.
std::vector<VenueHost> hosts_of_list(Venues venues, std::string_view list);

}  // namespace keyswap::bindings
