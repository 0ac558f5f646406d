// SPDX-License-Identifier: Apache-2.0
#include "bindings/venue.h"

#include <algorithm>
#include <iterator>

namespace keyswap::bindings {

const Venue* find_venue(Venues venues, std::string_view name) {
  const auto found = std::ranges::find(venues, name, &Venue::name);
  return found == venues.end() ? nullptr : *found;
}

const VenueHost* find_venue_host(const Venue& venue, std::string_view host) {
  const auto hosts = venue.hosts();
  const auto found = std::ranges::find(hosts, host, &VenueHost::name);
  return found == hosts.end() ? nullptr : &*found;
}

std::vector<std::string_view> host_lists(Venues venues) {
  std::vector<std::string_view> lists;
  for (const auto* const venue : venues) {
    for (const auto& host : venue->hosts()) {
      if (!host.list.empty() && std::ranges::find(lists, host.list) == lists.end()) {
        lists.push_back(host.list);
      }
    }
  }
  return lists;
}

std::vector<VenueHost> hosts_of_list(Venues venues, std::string_view list) {
  std::vector<VenueHost> found;
  for (const auto* const venue : venues) {
    std::ranges::copy_if(venue->hosts(), std::back_inserter(found), [&](const VenueHost& host) {
      return !list.empty() && host.list == list;
    });
  }
  return found;
}

}  // namespace keyswap::bindings
