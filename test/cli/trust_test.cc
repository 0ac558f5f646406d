// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/trust.h"

#include <array>
#include <cstdio>

#include <catch2/catch.hpp>

#include "ca/authority.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"
#include "test/support/temp_home.h"
#include "vault/secret.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kNow = 1'800'000'000;

std::string new_root() {
  REQUIRE(vault::lock_memory());
  auto made = ca::create_authority(kNow);
  REQUIRE(made);
  return made->certificate_pem;
}

}  // namespace

TEST_CASE("SHA-1 gives FIPS 180's values") {
  CHECK(base::to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(base::to_hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(base::to_hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(base::to_hex(sha1(std::string(1'000'000, 'a'))) ==
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("a bundle holds every certificate once, in order, and nothing else") {
  const std::string a = new_root();
  const std::string b = new_root();
  const std::string merged = merge_pem({"# comment\n" + a + "text\n", b + a, ""});
  CHECK(merged == a + b);
  CHECK(pem_certificates(merged).size() == 2);
}

TEST_CASE("a certificate with CR LF line ends is the same certificate") {
  const std::string a = new_root();
  std::string with_cr;
  for (const char c : a) {
    with_cr += c == '\n' ? "\r\n" : std::string(1, c);
  }
  CHECK(merge_pem({a, with_cr}) == a);
}

TEST_CASE("an unfinished certificate is left out") {
  CHECK(pem_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n").empty());
  CHECK(der_of("nothing").empty());
}

TEST_CASE("a Java key store is a function of its certificates alone") {
  const std::string a = new_root();
  CHECK(java_key_store(a) == java_key_store(a));
  CHECK(java_key_store(a).substr(0, 4) == "\xfe\xed\xfe\xed");
  CHECK(java_key_store(a).find(der_of(a)) != std::string::npos);
}

TEST_CASE("keytool reads the key store and finds every root") {
  if (std::system("command -v keytool > /dev/null 2>&1") != 0) {  // NOLINT(cert-env33-c)
    WARN("no keytool on this machine");
    return;
  }
  const test::TempHome temp;
  const std::string store = temp.path() + "/store.jks";
  REQUIRE(write_file(store, java_key_store(new_root() + new_root()), 0600));
  FILE* keytool = popen(
      ("keytool -list -keystore " + store + " -storepass changeit 2>&1 | grep -c trustedCertEntry")
          .c_str(),
      "r");
  REQUIRE(keytool != nullptr);
  std::array<char, 64> text{};
  const std::size_t size = std::fread(text.data(), 1, text.size(), keytool);
  pclose(keytool);
  CHECK(std::string(text.data(), size) == "2\n");
}

}  // namespace keyswap::cli
