// SPDX-License-Identifier: Apache-2.0
//
// What the name of an AWS endpoint says of the region and the service that requests to it are
// signed for.
#pragma once

#include <string_view>

namespace keyswap::bindings {

// Is a signature for that region and service meant for this host (normal form)? False also for a
// host that is none of AWS's: its name says nothing. "*", in a region set, is meant for a host
// whose name stands for all regions.
bool names_region(std::string_view host, std::string_view region);
bool names_service(std::string_view host, std::string_view service);

// Is it the host of one bucket, or of another part of a service that has its own name before the
// service's? False also for a host that is none of AWS's.
bool names_part(std::string_view host);

}  // namespace keyswap::bindings
