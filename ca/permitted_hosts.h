// SPDX-License-Identifier: Apache-2.0
//
// The hosts that a root may name, on request (I11): name constraints (RFC 5280 section 4.2.1.10),
// critical. A program that checks them refuses every other certificate of this root, so that
// whoever gets hold of its key can be those hosts alone. A name permits the hosts below it, too.
// With names alone every address is excluded; of addresses only the networks that are listed are
// permitted. What neither is (mail addresses, directories) is not for a proxy to name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"

struct x509_st;

namespace keyswap::ca {

class PermittedHosts {
 public:
  // All of them: no constraints.
  PermittedHosts() = default;

  // "example.com,10.0.0.0/8,::1": names in any case, addresses, networks; at least one name.
  // invalid_input for what is none of these or is no whole network, number = which entry, from 1;
  // limit_exceeded past bounds::kPermittedHostsMax.
  static base::Result<PermittedHosts> parse(std::string_view list);

  // What a certificate says. corrupt for constraints of a form that we do not write.
  static base::Result<PermittedHosts> of(const x509_st* certificate);
  // The same of the first certificate in the text; all hosts where there is none.
  static base::Result<PermittedHosts> of_pem(std::string_view pem);

  [[nodiscard]] bool is_everything() const { return names_.empty() && networks_.empty(); }

  // `host` in normal form (http::Authority::host).
  [[nodiscard]] bool allow(std::string_view host, bool host_is_ip) const;

  // As parse() takes it.
  [[nodiscard]] std::string text() const;
  // The extension's value, a NameConstraints; not for everything.
  [[nodiscard]] std::string der() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> networks_;  // address and mask, 8 or 32 bytes
};

}  // namespace keyswap::ca
