// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/destination_guard.h"

#include "proxy/flow/name_guard.h"

namespace keyswap::flow {

namespace {

// `verdict`: of a name.
AddressVerdict with_allowances(const bindings::Bindings& bindings,
                               const Destination& destination,
                               AddressVerdict verdict) {
  const bool may_be_inside =
      verdict == AddressVerdict::not_public &&
      !bindings.allowed_addresses(destination.authority, destination.custom_service).empty();
  return may_be_inside ? AddressVerdict::allowed : verdict;
}

bool is_name(const Destination& destination) {
  return destination.authority.kind == http::HostKind::name;
}

}  // namespace

const http::Authority* mapped_to(const bindings::Bindings& bindings,
                                 const Destination& destination) {
  const auto& resolve = bindings.upstream.resolve;
  const auto found = resolve.find(http::to_string(destination.authority));
  return found == resolve.end() ? nullptr : &found->second;
}

AddressVerdict judge_name_of(const bindings::Bindings& bindings, const Destination& destination) {
  return is_name(destination)
             ? with_allowances(bindings, destination, judge_name(destination.authority.host))
             : AddressVerdict::allowed;
}

AddressVerdict judge_spelling_of(const bindings::Bindings& bindings,
                                 const Destination& destination) {
  return with_allowances(
      bindings, destination, judge_spelled_addresses(destination.authority.host));
}

AddressVerdict judge_address_of(const bindings::Bindings& bindings,
                                const Destination& destination,
                                std::string_view address) {
  return judge_address(
      address, bindings.allowed_addresses(destination.authority, destination.custom_service));
}

AddressVerdict judge_unresolved(const bindings::Bindings& bindings,
                                const Destination& destination) {
  if (mapped_to(bindings, destination) != nullptr) {
    return AddressVerdict::allowed;
  }
  if (!is_name(destination)) {
    return judge_address_of(bindings, destination, destination.authority.host);
  }
  const AddressVerdict verdict = judge_name_of(bindings, destination);
  const bool is_all_that_is_known = bindings.upstream.proxy != nullptr &&
                                    bindings.upstream.proxy->guard == bindings::ProxyGuard::names;
  return verdict == AddressVerdict::allowed && is_all_that_is_known
             ? judge_spelling_of(bindings, destination)
             : verdict;
}

}  // namespace keyswap::flow
