// SPDX-License-Identifier: Apache-2.0
#include "ca/permitted_hosts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/certificate.h"
#include "ca/crypto_start.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::ca {

namespace {

using base::bounds::kPermittedHostsMax;

// GeneralName and NameConstraints (RFC 5280 sections 4.2.1.6 and 4.2.1.10)
constexpr char kDnsName = '\x82';
constexpr char kIpAddress = '\x87';
constexpr char kSequence = '\x30';
constexpr char kPermitted = '\xa0';
constexpr char kExcluded = '\xa1';

constexpr std::size_t kV4NetworkBytes = 8;
constexpr std::size_t kV6NetworkBytes = 32;
constexpr std::size_t kPemBytesMax = std::size_t{64} * 1024;

struct Free {
  void operator()(NAME_CONSTRAINTS* constraints) const { NAME_CONSTRAINTS_free(constraints); }

  void operator()(BIO* bio) const { BIO_free(bio); }
};

base::Error strange() {
  return {base::Errc::corrupt, "the CA's name constraints are not of the form that we write"};
}

std::string mask_of(std::size_t bytes, unsigned bits) {
  std::string mask(bytes, '\0');
  for (unsigned i = 0; i < bits; ++i) {
    const auto bit = static_cast<unsigned char>(0x80U >> (i % 8));
    mask[i / 8] = static_cast<char>(static_cast<unsigned char>(mask[i / 8]) | bit);
  }
  return mask;
}

bool is_in(std::string_view address, std::string_view network) {
  if (network.size() != 2 * address.size()) {
    return false;
  }
  for (std::size_t i = 0; i < address.size(); ++i) {
    if ((address[i] & network[address.size() + i]) != network[i]) {
      return false;
    }
  }
  return true;
}

// "10.0.0.0/8" or "10.1.2.3" -> address and mask; nothing when bits are set behind the mask.
std::optional<std::string> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address = address_bytes(std::string(text.substr(0, slash)));
  auto bits = static_cast<unsigned>(address.size() * 8);
  if (address.empty()) {
    return std::nullopt;
  }
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    unsigned number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || number > bits) {
      return std::nullopt;
    }
    bits = number;
  }
  const std::string network = address + mask_of(address.size(), bits);
  return is_in(address, network) ? std::optional(network) : std::nullopt;
}

// How many bits a mask has; nothing where they do not all stand in front.
std::optional<unsigned> bits_of(std::string_view mask) {
  for (unsigned bits = 0; bits <= mask.size() * 8; ++bits) {
    if (mask_of(mask.size(), bits) == mask) {
      return bits;
    }
  }
  return std::nullopt;
}

std::string network_text(std::string_view network) {
  const std::size_t half = network.size() / 2;
  std::array<char, INET6_ADDRSTRLEN> shown{};
  const int family = half == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (inet_ntop(family, network.data(), shown.data(), shown.size()) == nullptr) {
    return {};
  }
  const unsigned bits = bits_of(network.substr(half)).value_or(0);
  const bool is_single = bits == half * 8;
  return std::string(shown.data()) + (is_single ? "" : "/" + std::to_string(bits));
}

std::string subtree(char kind, std::string_view base) {
  return der(kSequence, der(kind, base));
}

std::string_view bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace

base::Result<PermittedHosts> PermittedHosts::parse(std::string_view list) {
  PermittedHosts permitted;
  for (std::int64_t count = 1;; ++count) {
    const std::size_t comma = list.find(',');
    const std::string entry = base::to_lower(list.substr(0, comma));
    if (count > static_cast<std::int64_t>(kPermittedHostsMax)) {
      return base::Error{base::Errc::limit_exceeded,
                         "too many hosts for one CA",
                         static_cast<std::int64_t>(kPermittedHostsMax)};
    }
    if (auto network = parse_network(entry)) {
      permitted.networks_.push_back(*std::move(network));
    } else if (is_host_name(entry)) {
      permitted.names_.push_back(entry);
    } else {
      return base::Error{base::Errc::invalid_input, "no host name, address or network", count};
    }
    if (comma == std::string_view::npos) {
      break;
    }
    list.remove_prefix(comma + 1);
  }
  if (permitted.names_.empty()) {
    return base::Error{base::Errc::invalid_input, "at least one host name has to be among them"};
  }
  return permitted;
}

base::Result<PermittedHosts> PermittedHosts::of(const x509_st* certificate) {
  PermittedHosts permitted;
  int critical = -1;
  const std::unique_ptr<NAME_CONSTRAINTS, Free> constraints(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate, NID_name_constraints, &critical, nullptr)));
  ERR_clear_error();
  if (constraints == nullptr) {
    return critical == -1 ? base::Result<PermittedHosts>(permitted) : strange();
  }
  const int count = sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
    if (name->type == GEN_DNS && is_host_name(bytes_of(name->d.dNSName))) {
      permitted.names_.emplace_back(bytes_of(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      permitted.networks_.emplace_back(bytes_of(name->d.iPAddress));
    } else {
      return strange();
    }
  }
  // What it says apart from that, it says as we write it: then it is what we would write.
  const int at = X509_get_ext_by_NID(certificate, NID_name_constraints, -1);
  const bool is_sound =
      critical == 1 && !permitted.names_.empty() &&
      std::ranges::all_of(permitted.networks_, [](const std::string& network) {
        return network.size() == kV4NetworkBytes || network.size() == kV6NetworkBytes;
      });
  if (!is_sound ||
      bytes_of(X509_EXTENSION_get_data(X509_get_ext(certificate, at))) != permitted.der()) {
    return strange();
  }
  return permitted;
}

base::Result<PermittedHosts> PermittedHosts::of_pem(std::string_view pem) {
  KS_TRY(ignore_crypto_configuration());
  const std::unique_ptr<BIO, Free> bio(
      pem.size() > kPemBytesMax ? nullptr
                                : BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const CertificatePointer certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate == nullptr ? base::Result<PermittedHosts>(PermittedHosts())
                                : of(certificate.get());
}

bool PermittedHosts::allow(std::string_view host, bool host_is_ip) const {
  if (is_everything()) {
    return true;
  }
  if (host_is_ip) {
    const std::string address = address_bytes(std::string(host));
    return !address.empty() && std::ranges::any_of(networks_, [&address](const std::string& one) {
      return is_in(address, one);
    });
  }
  return std::ranges::any_of(names_, [host](const std::string& name) {
    return host == name || (host.size() > name.size() && host.ends_with(name) &&
                            host[host.size() - name.size() - 1] == '.');
  });
}

std::string PermittedHosts::text() const {
  std::string list;
  for (const std::string& name : names_) {
    list += (list.empty() ? "" : ",") + name;
  }
  for (const std::string& network : networks_) {
    list += "," + network_text(network);
  }
  return list;
}

std::string PermittedHosts::der() const {
  std::string permitted;
  for (const std::string& name : names_) {
    permitted += subtree(kDnsName, name);
  }
  for (const std::string& network : networks_) {
    permitted += subtree(kIpAddress, network);
  }
  std::string constraints = ca::der(kPermitted, permitted);
  if (networks_.empty()) {
    // Else a name's constraint would say nothing of addresses.
    constraints += ca::der(kExcluded,
                           subtree(kIpAddress, std::string(kV4NetworkBytes, '\0')) +
                               subtree(kIpAddress, std::string(kV6NetworkBytes, '\0')));
  }
  return ca::der(kSequence, constraints);
}

}  // namespace keyswap::ca
