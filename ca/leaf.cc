// SPDX-License-Identifier: Apache-2.0
#include "ca/leaf.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/certificate.h"
#include "ca/ec_key.h"
#include "proxy/base/bounds.h"

namespace keyswap::ca {

namespace {

using namespace std::string_view_literals;
using base::bounds::kLeafBackdateSeconds;
using base::bounds::kLeafLifeSeconds;

constexpr std::string_view kNoAuthority = "\x30\x00"sv;  // BasicConstraints {}: cA FALSE by default
constexpr std::string_view kDigitalSignature = "\x03\x02\x07\x80"sv;
constexpr std::string_view kServerAuth = "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"sv;
// GeneralName (RFC 5280 section 4.2.1.6)
constexpr char kDnsName = '\x82';
constexpr char kIpAddress = '\x87';
constexpr char kSequence = '\x30';

constexpr std::size_t kCommonNameBytesMax = 64;  // ub-common-name, RFC 5280 appendix A.1

// The GeneralName that stands for the host; "" when there is none for it.
std::string general_name(const std::string& host, bool host_is_ip) {
  if (host.find('\0') != std::string::npos) {
    return {};
  }
  if (host_is_ip) {
    const std::string bytes = address_bytes(host);
    return bytes.empty() ? bytes : der(kIpAddress, bytes);
  }
  return is_host_name(host) ? der(kDnsName, host) : std::string();
}

// The organization keeps the subject from being empty where the name is too long for a common name;
// with an empty one the SAN would have to be critical (RFC 5280 section 4.2.1.6). Under a root that
// may not name every host some verifiers hold an address in the common name against the names.
bool name_leaf(X509* leaf, const Authority& authority, const std::string& host, bool host_is_ip) {
  X509_NAME* subject = X509_get_subject_name(leaf);
  const bool has_common_name =
      host.size() <= kCommonNameBytesMax && (!host_is_ip || authority.permitted().is_everything());
  return add_to_name(subject, NID_organizationName, kOrganization) &&
         (!has_common_name || add_to_name(subject, NID_commonName, host)) &&
         X509_set_issuer_name(leaf, X509_get_subject_name(authority.certificate())) == 1;
}

bool extend_leaf(X509* leaf, const Authority& authority, std::string_view name) {
  return add_extension(leaf, NID_basic_constraints, Criticality::critical, kNoAuthority) &&
         add_extension(leaf, NID_key_usage, Criticality::critical, kDigitalSignature) &&
         add_extension(leaf, NID_ext_key_usage, Criticality::plain, kServerAuth) &&
         add_extension(leaf, NID_subject_alt_name, Criticality::plain, der(kSequence, name)) &&
         add_subject_key_id(leaf, key_id_of(leaf)) &&
         add_authority_key_id(leaf, subject_key_id(authority.certificate()));
}

}  // namespace

base::Result<std::shared_ptr<const LeafKey>> LeafKey::create() {
  auto key = generate_p256();
  if (!key) {
    return key.error();
  }
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to create()
  return std::shared_ptr<const LeafKey>(new LeafKey(key->release()));
}

LeafKey::~LeafKey() {
  EVP_PKEY_free(key_);
}

Leaf::~Leaf() {
  X509_free(certificate);
}

base::Result<std::shared_ptr<const Leaf>> mint_leaf(const Authority& authority,
                                                    const std::shared_ptr<const LeafKey>& key,
                                                    const std::string& host,
                                                    bool host_is_ip,
                                                    std::int64_t now_s) {
  const std::string name = general_name(host, host_is_ip);
  if (name.empty()) {
    return base::Error{base::Errc::invalid_input, "no certificate can be made for this host name"};
  }
  if (!authority.permitted().allow(host, host_is_ip)) {
    return base::Error{base::Errc::permission, "the CA may not name this host"};
  }
  // I11: both ends count, so the last second is one less (RFC 5280 section 4.1.2.5). Within the
  // root's own time, for verifiers that want them nested.
  const std::int64_t from_s =
      std::max(now_s - kLeafBackdateSeconds, not_before_of(authority.certificate()));
  const std::int64_t until_s = std::min(from_s + kLeafLifeSeconds - 1, authority.not_after_s());
  if (now_s < from_s) {
    return base::Error{base::Errc::not_yet_valid, "the clock stands before the CA certificate"};
  }
  if (now_s >= until_s) {
    return base::Error{base::Errc::expired, "the CA certificate has expired"};
  }
  CertificatePointer leaf = new_certificate(key->key(), from_s, until_s);
  if (leaf == nullptr || !name_leaf(leaf.get(), authority, host, host_is_ip) ||
      !extend_leaf(leaf.get(), authority, name) || !sign(leaf.get(), authority.key())) {
    ERR_clear_error();
    return base::Error{base::Errc::unavailable, "OpenSSL could not make a leaf certificate"};
  }
  return std::make_shared<const Leaf>(key, leaf.release(), until_s);
}

}  // namespace keyswap::ca
