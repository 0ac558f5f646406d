// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/roots.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "proxy/base/assert.h"

namespace keyswap::tls {

namespace {

constexpr std::size_t kRootsMax = 10'000;  // I10: all files together

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }

  void operator()(X509* certificate) const { X509_free(certificate); }
};

using BioPointer = std::unique_ptr<BIO, Free>;
using CertificatePointer = std::unique_ptr<X509, Free>;

// The public key's bits: what makes an authority the same under another certificate.
std::string key_bits(const X509* certificate) {
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate);
  return bits == nullptr ? std::string()
                         : std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(bits)),
                                       static_cast<std::size_t>(ASN1_STRING_length(bits)));
}

base::Error invalid(base::Note note) {
  ERR_clear_error();
  return {base::Errc::invalid_input, note};
}

// The next certificate, nothing at the end of the file.
base::Result<std::optional<CertificatePointer>> next_certificate(BIO* bio) {
  ERR_clear_error();
  CertificatePointer certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  if (certificate != nullptr) {
    return std::optional(std::move(certificate));
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_end) {
    return base::Error{base::Errc::invalid_input, "a file of root certificates is damaged"};
  }
  return std::optional<CertificatePointer>();
}

class Loader {
 public:
  Loader(X509_STORE* store, std::string own_key_bits)
      : store_(store), own_key_bits_(std::move(own_key_bits)) {}

  enum class OwnCa : std::uint8_t { leave_out, refuse };

  // Gives how many certificates the file holds.
  base::Result<std::size_t> add_file(BIO* bio, OwnCa own_ca) {
    std::size_t count = 0;
    while (true) {
      auto certificate = next_certificate(bio);
      if (!certificate) {
        return certificate.error();
      }
      if (!certificate->has_value()) {
        return count;
      }
      if (const auto added = add(certificate->value().get(), own_ca); !added) {
        return added.error();
      }
      ++count;
    }
  }

 private:
  base::Status add(X509* certificate, OwnCa own_ca) {
    if (!own_key_bits_.empty() && key_bits(certificate) == own_key_bits_) {
      if (own_ca == OwnCa::refuse) {
        return invalid("keyswap's own CA is among the roots for upstreams");
      }
      return {};
    }
    if (++total_ > kRootsMax) {
      return base::Error{base::Errc::limit_exceeded, "too many root certificates"};
    }
    if (X509_STORE_add_cert(store_, certificate) != 1) {
      return invalid("a root certificate cannot be used");
    }
    return {};
  }

  X509_STORE* store_;
  std::string own_key_bits_;
  std::size_t total_ = 0;
};

base::Result<std::string> own_key_bits(const std::string& own_ca_pem) {
  if (own_ca_pem.empty()) {
    return std::string();
  }
  const BioPointer bio(BIO_new_mem_buf(own_ca_pem.data(), static_cast<int>(own_ca_pem.size())));
  const CertificatePointer certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return invalid("keyswap's own CA certificate cannot be read");
  }
  return key_bits(certificate.get());
}

base::Status add_extra(Loader& loader, BIO* bio) {
  const auto count = loader.add_file(bio, Loader::OwnCa::refuse);
  if (!count) {
    return count.error();
  }
  if (*count == 0) {
    return invalid("a file of extra root certificates holds no certificate");
  }
  return {};
}

base::Status add_extra_file(Loader& loader, const std::string& path) {
  const BioPointer bio(BIO_new_file(path.c_str(), "r"));
  if (bio == nullptr) {
    const int reason = errno;
    ERR_clear_error();
    return base::Error{reason == ENOENT ? base::Errc::not_found : base::Errc::io,
                       "a file of extra root certificates cannot be opened",
                       reason};
  }
  return add_extra(loader, bio.get());
}

base::Status add_extra_text(Loader& loader, const std::string& pem) {
  const BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) {
    return base::Error{base::Errc::unavailable, "OpenSSL could not read a text"};
  }
  return add_extra(loader, bio.get());
}

base::Status add_system_file(Loader& loader, const std::string& path) {
  const BioPointer bio(BIO_new_file(path.c_str(), "r"));
  if (bio == nullptr) {
    ERR_clear_error();
    return {};
  }
  const auto count = loader.add_file(bio.get(), Loader::OwnCa::leave_out);
  return count ? base::Status() : base::Status(count.error());
}

// `add` is given each of `extras`.
base::Result<StorePointer> load(const std::string& system_file,
                                const std::vector<std::string>& extras,
                                const std::string& own_ca_pem,
                                base::Status (*add)(Loader&, const std::string&)) {
  const auto own = own_key_bits(own_ca_pem);
  if (!own) {
    return own.error();
  }
  StorePointer store(X509_STORE_new());
  if (store == nullptr) {
    return base::Error{base::Errc::unavailable, "OpenSSL could not make a trust store"};
  }
  Loader loader(store.get(), *own);
  KS_TRY(add_system_file(loader, system_file));
  for (const std::string& extra : extras) {
    KS_TRY(add(loader, extra));
  }
  return store;
}

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

}  // namespace

void FreeStore::operator()(x509_store_st* store) const {
  X509_STORE_free(store);
}

base::Result<StorePointer> load_roots(const std::string& system_file,
                                      const std::vector<std::string>& extra_files,
                                      const std::string& own_ca_pem) {
  return load(system_file, extra_files, own_ca_pem, add_extra_file);
}

base::Result<StorePointer> load_roots_of(const std::string& system_file,
                                         const std::vector<std::string>& extra_pems,
                                         const std::string& own_ca_pem) {
  return load(system_file, extra_pems, own_ca_pem, add_extra_text);
}

std::string digest_of(x509_store_st* roots) {
  std::vector<std::string> each;
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(roots);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    Digest digest{};
    unsigned size = 0;
    const X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (certificate != nullptr) {
      KS_ASSERT(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1);
      each.emplace_back(reinterpret_cast<const char*>(digest.data()), size);
    }
  }
  std::ranges::sort(each);
  std::string all;
  for (const std::string& one : each) {
    all += one;
  }
  Digest digest{};
  unsigned size = 0;
  KS_ASSERT(EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace keyswap::tls
