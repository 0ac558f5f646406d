// SPDX-License-Identifier: Apache-2.0
#include "ca/leaf.h"

#include <cstdlib>
#include <set>

#include <openssl/evp.h>

#include "ca/certificate.h"
#include "proxy/base/bytes.h"
#include "test/ca/fixture.h"
#include "test/support/temp_file.h"

namespace keyswap {
namespace {

using base::Errc;
using test::extension_text;
using test::now_s;

constexpr std::int64_t kWeek = 7 * 24 * 3600;

std::string common_name_of(X509* certificate) {
  char text[256] = {};  // NOLINT(modernize-avoid-c-arrays)
  const int size = X509_NAME_get_text_by_NID(
      X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  return size < 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

int run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str());  // NOLINT(concurrency-mt-unsafe)
}

base::Result<std::shared_ptr<const ca::Leaf>> try_mint(const std::string& host, bool is_ip) {
  static const auto root = test::open_new_authority();
  static const auto key = test::new_leaf_key();
  return ca::mint_leaf(*root.authority, key, host, is_ip, now_s());
}

TEST_CASE("TC-01 a leaf names one host and has the profile of a server's certificate [I11]",
          "[I11]") {
  const auto root = test::open_new_authority();
  const auto leaf = test::mint(root, "api.example.com");
  X509* x = leaf->certificate;
  CHECK(X509_get_version(x) == X509_VERSION_3);
  CHECK(extension_text(x, NID_subject_alt_name) == "DNS:api.example.com");
  CHECK(extension_text(x, NID_basic_constraints) == "critical CA:FALSE");
  CHECK(extension_text(x, NID_key_usage) == "critical Digital Signature");
  CHECK(extension_text(x, NID_ext_key_usage) == "TLS Web Server Authentication");
  CHECK(!extension_text(x, NID_subject_key_identifier).empty());
  CHECK(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x),
                              X509_get0_subject_key_id(root.authority->certificate())) == 0);
  CHECK(X509_get_signature_nid(x) == NID_ecdsa_with_SHA256);
  CHECK(EVP_PKEY_get_bits(X509_get0_pubkey(x)) == 256);
  CHECK(common_name_of(x) == "api.example.com");
  CHECK(X509_verify(x, root.authority->key()) == 1);
  CHECK(X509_check_host(x, "api.example.com", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) ==
        1);
  CHECK(X509_check_host(x, "x.api.example.com", 0, 0, nullptr) == 0);
}

TEST_CASE("TC-01 a leaf lives at most 7 days and is backdated 48 hours [I11]", "[I11]") {
  const auto root = test::open_new_authority();
  const std::int64_t before = now_s();
  const auto leaf = test::mint(root, "a.test");
  const std::int64_t from = ca::not_before_of(leaf->certificate);
  const std::int64_t until = ca::not_after_of(leaf->certificate);
  CHECK(until - from + 1 <= kWeek);  // both ends count
  CHECK(until - from + 1 > kWeek - 10);
  CHECK(from >= before - 48 * 3600);
  CHECK(from <= before - 48 * 3600 + 10);
  CHECK(leaf->not_after_s == until);
}

TEST_CASE("TC-01 serial numbers are positive, 128 bits, and never repeat [I11]", "[I11]") {
  std::set<std::string> seen;
  bool has_long_one = false;
  for (int i = 0; i < 200; ++i) {
    const auto leaf = try_mint("a.test", false);
    REQUIRE(leaf);
    const ASN1_INTEGER* serial = X509_get0_serialNumber((*leaf)->certificate);
    CHECK(ASN1_STRING_type(serial) == V_ASN1_INTEGER);  // not V_ASN1_NEG_INTEGER
    CHECK(ASN1_STRING_length(serial) <= 16);
    has_long_one = has_long_one || ASN1_STRING_length(serial) == 16;
    seen.insert({reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                 static_cast<std::size_t>(ASN1_STRING_length(serial))});
  }
  CHECK(seen.size() == 200);
  CHECK(has_long_one);
}

TEST_CASE("a leaf never outlives the root, nor begins before it") {
  const auto root = test::open_new_authority();
  const auto key = test::new_leaf_key();
  const std::int64_t end = root.authority->not_after_s();
  const auto last = ca::mint_leaf(*root.authority, key, "a.test", false, end - 100);
  REQUIRE(last);
  CHECK((*last)->not_after_s == end);
  const std::int64_t start = ca::not_before_of(root.authority->certificate());
  const auto first = ca::mint_leaf(*root.authority, key, "a.test", false, start + 1);
  REQUIRE(first);
  CHECK(ca::not_before_of((*first)->certificate) == start);
}

TEST_CASE("no leaf is made outside the root's time [I13]", "[I13]") {
  const auto root = test::open_new_authority();
  const auto key = test::new_leaf_key();
  const auto late =
      ca::mint_leaf(*root.authority, key, "a.test", false, root.authority->not_after_s() + 1);
  REQUIRE(!late);
  CHECK(late.error().code == Errc::expired);
  const auto early = ca::mint_leaf(*root.authority, key, "a.test", false, now_s() - 49 * 3600);
  REQUIRE(!early);
  CHECK(early.error().code == Errc::not_yet_valid);
}

TEST_CASE("an address becomes an iPAddress, never a dNSName [I11]", "[I11]") {
  const auto v4 = try_mint("192.0.2.7", true);
  REQUIRE(v4);
  CHECK(extension_text((*v4)->certificate, NID_subject_alt_name) == "IP Address:192.0.2.7");
  const auto v6 = try_mint("2001:db8::1", true);
  REQUIRE(v6);
  CHECK(X509_check_ip_asc((*v6)->certificate, "2001:db8:0::1", 0) == 1);
  CHECK(X509_check_host(
            (*v6)->certificate, "2001:db8::1", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) !=
        1);
}

TEST_CASE("a name longer than a common name may be stands in the SAN alone") {
  const std::string label(60, 'a');
  const auto fits = try_mint(label + ".com", false);
  REQUIRE(fits);
  CHECK(common_name_of((*fits)->certificate) == label + ".com");
  const std::string longer = label + "." + label + "." + label + "." + label + ".test";
  const auto leaf = try_mint(longer, false);
  REQUIRE(leaf);
  CHECK(common_name_of((*leaf)->certificate).empty());
  CHECK(extension_text((*leaf)->certificate, NID_subject_alt_name) == "DNS:" + longer);
  CHECK(X509_NAME_entry_count(X509_get_subject_name((*leaf)->certificate)) == 1);
}

TEST_CASE("TC-05 A-labels and underscores are names") {
  CHECK(try_mint("xn--bcher-kva.example", false));
  CHECK(try_mint("my_service.internal.test", false));
  CHECK(try_mint("localhost", false));
  CHECK(try_mint(std::string(63, 'a') + ".test", false));
}

TEST_CASE("TC-05 what is no name or address in normal form gets no leaf [I11]", "[I11]") {
  const std::string host = GENERATE(std::string(),
                                    std::string("."),
                                    std::string("a..test"),
                                    std::string(".a.test"),
                                    std::string("a.test."),
                                    std::string("*.a.test"),
                                    std::string("A.test"),
                                    std::string("-a.test"),
                                    std::string("a-.test"),
                                    std::string("a b.test"),
                                    std::string("a.test\0.b.test", 14),
                                    std::string("b\xc3\xbc.test"),
                                    std::string("a.test:443"),
                                    std::string("a/b"),
                                    std::string("a@b.test"),
                                    std::string("1.2.3.4"),
                                    std::string("example.123"),
                                    std::string(64, 'a') + ".test",
                                    std::string(254, 'a'),
                                    std::string("a.test\n"));
  const auto leaf = try_mint(host, false);
  INFO(base::to_hex(host));
  REQUIRE(!leaf);
  CHECK(leaf.error().code == Errc::invalid_input);
}

TEST_CASE("TC-05 what is no address literal gets no leaf for an address [I11]", "[I11]") {
  const std::string host = GENERATE(std::string(),
                                    std::string("a.test"),
                                    std::string("1.2.3"),
                                    std::string("[::1]"),
                                    std::string("fe80::1%eth0"),
                                    std::string("127.0.0.1\0", 10),
                                    std::string("1.2.3.256"));
  CHECK(!try_mint(host, true));
}

struct LeafFiles {
  test::OpenedAuthority root = test::open_new_authority();
  test::TempFile root_file{root.pem};
};

TEST_CASE("a leaf passes openssl verify -x509_strict [I11]", "[I11]") {
  const LeafFiles files;
  const std::string verify =
      "openssl verify -x509_strict -purpose sslserver -auth_level 2 -CAfile " +
      files.root_file.path() + " ";
  const std::string label(62, 'b');
  const std::string longest = label + "." + label + "." + label + "." + label + ".x";
  for (const auto& [host, is_ip] : {std::pair<std::string, bool>{"api.example.com", false},
                                    {"my_host.test", false},
                                    {"192.0.2.7", true},
                                    {"2001:db8::1", true},
                                    {longest, false}}) {
    const auto leaf = test::mint(files.root, host, is_ip);
    const test::TempFile leaf_file(test::pem_of(leaf->certificate));
    INFO(host);
    CHECK(run(verify + (is_ip ? "-verify_ip " : "-verify_hostname ") + host + " " +
              leaf_file.path()) == 0);
    CHECK(run(verify + "-verify_hostname other.test " + leaf_file.path()) != 0);
  }
}

// A TLS handshake within Python's ssl module, with the flag that its newer versions set by
// themselves.
constexpr const char* kPythonCheck = R"(
import ssl, sys
root, chain, host = sys.argv[1:4]
client = ssl.create_default_context(cafile=root)
client.verify_flags |= ssl.VERIFY_X509_STRICT
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(chain)
c_in, c_out, s_in, s_out = (ssl.MemoryBIO() for _ in range(4))
c = client.wrap_bio(c_in, c_out, server_hostname=host)
s = server.wrap_bio(s_in, s_out, server_side=True)
done = set()
for _ in range(10):
    for name, end in (("c", c), ("s", s)):
        try:
            end.do_handshake()
            done.add(name)
        except ssl.SSLWantReadError:
            pass
        s_in.write(c_out.read())
        c_in.write(s_out.read())
sys.exit(0 if done == {"c", "s"} else 1)
)";

std::string key_pem_of(const ca::Leaf& leaf) {
  BIO* bio = BIO_new(BIO_s_mem());
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(
              bio, leaf.key->key(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

TEST_CASE("a leaf passes Python's ssl with VERIFY_X509_STRICT [I11]", "[I11]") {
  if (run("python3 -c 'import ssl; ssl.VERIFY_X509_STRICT'") != 0) {
    WARN("python3 with ssl is not here");
    return;
  }
  const LeafFiles files;
  const test::TempFile script(kPythonCheck);
  for (const auto& [host, is_ip] :
       {std::pair<std::string, bool>{"api.example.com", false}, {"192.0.2.7", true}}) {
    const auto leaf = test::mint(files.root, host, is_ip);
    const test::TempFile chain(test::pem_of(leaf->certificate) + key_pem_of(*leaf));
    const std::string command =
        "python3 " + script.path() + " " + files.root_file.path() + " " + chain.path() + " ";
    INFO(host);
    CHECK(run(command + host) == 0);
    CHECK(run(command + "other.test") != 0);
  }
}

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

TEST_CASE("minting costs microseconds", "[.bench]") {
  const auto root = test::open_new_authority();
  const auto key = test::new_leaf_key();
  constexpr int kRounds = 5000;
  const double start = cpu_us();
  for (int i = 0; i < kRounds; ++i) {
    REQUIRE(ca::mint_leaf(*root.authority, key, "api.example.com", false, now_s()));
  }
  WARN("mint: " << (cpu_us() - start) / kRounds << " us");
}

}  // namespace
}  // namespace keyswap
