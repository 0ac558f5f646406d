// SPDX-License-Identifier: Apache-2.0
//
// Root certificates as clients want them: PEM bundles (the host's roots and ours, facts of each
// client in docs/operations.md) and a Java key store. Pure, but for host_roots().
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

// Where the host keeps its roots (the file that OpenSSL's own programs read), "" if there is none.
std::string host_roots_path();
// The host's roots; "" if there are none.
std::string host_roots();

// The certificates in `pem`, each "-----BEGIN ... END-----\n", other text left out.
std::vector<std::string> pem_certificates(std::string_view pem);

// All certificates of `parts` in order, each once.
std::string merge_pem(const std::vector<std::string>& parts);

// DER of one PEM certificate; "" when its base64 is broken.
std::string der_of(std::string_view pem_certificate);

// A JKS key store (the format of sun.security.provider.JavaKeyStore, version 2) that trusts each
// certificate of `pem`; the password is Java's customary "changeit". The same input gives the same
// bytes.
std::string java_key_store(std::string_view pem);
inline constexpr std::string_view kJavaStorePassword = "changeit";

// SHA-1 (FIPS 180-4), which the JKS format ends with and which names the folders of `run`; nothing
// rests on its strength here.
std::string sha1(std::string_view bytes);

}  // namespace keyswap::cli
