// SPDX-License-Identifier: Apache-2.0
#include "ca/permitted_hosts.h"

#include <openssl/x509_vfy.h>

#include "ca/certificate.h"
#include "test/ca/fixture.h"

namespace keyswap {
namespace {

using base::Errc;
using ca::PermittedHosts;
using test::extension_text;
using test::now_s;

PermittedHosts permitted(std::string_view list) {
  auto parsed = PermittedHosts::parse(list);
  REQUIRE(parsed);
  return *parsed;
}

test::OpenedAuthority authority_for(std::string_view list) {
  REQUIRE(vault::lock_memory());
  auto made = ca::create_authority(now_s(), permitted(list));
  REQUIRE(made);
  auto opened = ca::Authority::open(made->key_der, made->certificate_pem, now_s());
  REQUIRE(opened);
  return {std::string(made->key_der.reveal()), made->certificate_pem, *opened};
}

// What a verifier says of a leaf; 0 (X509_V_OK) is good.
int verdict(const test::OpenedAuthority& from, X509* leaf) {
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, from.authority->certificate());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  REQUIRE(X509_STORE_CTX_init(context, store, leaf, nullptr) == 1);
  X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return error;
}

// What a thief of the root's key would sign: keyswap does not.
ca::CertificatePointer forged_leaf(const test::OpenedAuthority& from, const std::string& name) {
  const auto key = test::new_leaf_key();
  auto leaf = ca::new_certificate(key->key(), now_s() - 100, now_s() + 1000);
  REQUIRE(leaf != nullptr);
  X509* root = from.authority->certificate();
  REQUIRE(ca::add_to_name(X509_get_subject_name(leaf.get()), NID_organizationName, "x"));
  REQUIRE(X509_set_issuer_name(leaf.get(), X509_get_subject_name(root)) == 1);
  REQUIRE(ca::add_extension(
      leaf.get(), NID_subject_alt_name, ca::Criticality::plain, ca::der('\x30', name)));
  REQUIRE(ca::add_authority_key_id(leaf.get(), ca::subject_key_id(root)));
  REQUIRE(ca::sign(leaf.get(), from.authority->key()));
  return leaf;
}

std::string dns_name(std::string_view host) {
  return ca::der('\x82', host);
}

std::string address_name(const std::string& address) {
  return ca::der('\x87', ca::address_bytes(address));
}

TEST_CASE("a name permits itself and what is below it, and nothing that only looks alike",
          "[I11]") {
  const PermittedHosts hosts = permitted("Example.com,api.test");
  CHECK(hosts.allow("example.com", false));
  CHECK(hosts.allow("a.b.example.com", false));
  CHECK(hosts.allow("api.test", false));
  CHECK_FALSE(hosts.allow("test", false));
  CHECK_FALSE(hosts.allow("com", false));
  CHECK_FALSE(hosts.allow("badexample.com", false));
  CHECK_FALSE(hosts.allow("example.com.evil.test", false));
  CHECK_FALSE(hosts.allow("127.0.0.1", true));
  CHECK_FALSE(hosts.allow("::1", true));
  CHECK(hosts.text() == "example.com,api.test");
}

TEST_CASE("of addresses those networks are permitted that are listed", "[I11]") {
  const PermittedHosts hosts = permitted("a.test,10.0.0.0/8,127.0.0.1,fd00::/9");
  CHECK(hosts.allow("10.255.0.1", true));
  CHECK_FALSE(hosts.allow("11.0.0.1", true));
  CHECK(hosts.allow("127.0.0.1", true));
  CHECK_FALSE(hosts.allow("127.0.0.2", true));
  CHECK(hosts.allow("fd7f::1", true));
  CHECK_FALSE(hosts.allow("fd80::1", true));
  CHECK(hosts.text() == "a.test,10.0.0.0/8,127.0.0.1,fd00::/9");
  CHECK(permitted(hosts.text()).der() == hosts.der());
}

TEST_CASE("a list with a mistake is refused, and says which entry") {
  const auto error_of = [](std::string_view list) {
    const auto parsed = PermittedHosts::parse(list);
    REQUIRE_FALSE(parsed);
    return parsed.error();
  };
  for (const char* bad : {"",
                          "*.example.com",
                          ".example.com",
                          "example.com.",
                          "exa mple.com",
                          "10.0.0.1/8",
                          "10.0.0.0/33",
                          "10.0.0.0/",
                          "10.0.0.0/8x",
                          "1.2.3"}) {
    INFO(bad);
    CHECK(error_of(std::string("a.test,") + bad).code == Errc::invalid_input);
    CHECK(error_of(std::string("a.test,") + bad).number == 2);
  }
  CHECK(error_of("10.0.0.0/8").code == Errc::invalid_input);
  std::string many = "a.test";
  for (std::size_t i = 0; i < base::bounds::kPermittedHostsMax; ++i) {
    many += ",a.test";
  }
  CHECK(error_of(many).code == Errc::limit_exceeded);
}

TEST_CASE("without a list the root has no constraints, and may name every host") {
  const auto root = test::open_new_authority();
  CHECK(root.authority->permitted().is_everything());
  CHECK(root.authority->permitted().allow("any.test", false));
  CHECK(extension_text(root.authority->certificate(), NID_name_constraints) == "");
}

TEST_CASE("the constraints are critical, are read back, and leave out all addresses", "[I11]") {
  const auto root = authority_for("example.com");
  const std::string text = extension_text(root.authority->certificate(), NID_name_constraints);
  CHECK(text.find("critical Permitted:") == 0);
  CHECK(text.find("DNS:example.com") != std::string::npos);
  CHECK(text.find("Excluded:") != std::string::npos);
  CHECK(text.find("IP:0.0.0.0/0.0.0.0") != std::string::npos);
  CHECK(root.authority->permitted().text() == "example.com");
  CHECK(PermittedHosts::of_pem(root.pem)->text() == "example.com");
}

TEST_CASE("the longest list that is taken still makes a root that opens") {
  std::string list;
  for (std::size_t i = 0; i < base::bounds::kPermittedHostsMax; ++i) {
    const std::string label(60, static_cast<char>('a' + i % 26));
    list += (list.empty() ? "" : ",") + label + "." + label + "." + label + "." + label;
  }
  CHECK(authority_for(list).authority->permitted().text() == list);
}

TEST_CASE("no leaf is made for a host that the root may not name, and those it may verify",
          "[I11]") {
  const auto root = authority_for("example.com,127.0.0.0/8");
  const auto key = test::new_leaf_key();
  for (const auto& [host, is_ip] : {std::pair("other.test", false), std::pair("10.0.0.1", true)}) {
    const auto leaf = ca::mint_leaf(*root.authority, key, host, is_ip, now_s());
    REQUIRE_FALSE(leaf);
    CHECK(leaf.error().code == Errc::permission);
  }
  CHECK(verdict(root, test::mint(root, "example.com")->certificate) == X509_V_OK);
  CHECK(verdict(root, test::mint(root, "a.example.com")->certificate) == X509_V_OK);
  CHECK(verdict(root, test::mint(root, "127.0.0.1", true)->certificate) == X509_V_OK);
}

TEST_CASE("whoever has the root's key can make no other certificate that verifies", "[I11]") {
  const auto names = authority_for("example.com");
  const auto both = authority_for("example.com,127.0.0.0/8");
  CHECK(verdict(names, forged_leaf(names, dns_name("www.example.com")).get()) == X509_V_OK);
  CHECK(verdict(names, forged_leaf(names, dns_name("other.test")).get()) != X509_V_OK);
  CHECK(verdict(names, forged_leaf(names, address_name("127.0.0.1")).get()) != X509_V_OK);
  CHECK(verdict(names, forged_leaf(names, address_name("::1")).get()) != X509_V_OK);
  CHECK(verdict(both, forged_leaf(both, address_name("127.0.0.1")).get()) == X509_V_OK);
  CHECK(verdict(both, forged_leaf(both, address_name("10.0.0.1")).get()) != X509_V_OK);
  CHECK(verdict(both, forged_leaf(both, address_name("::1")).get()) != X509_V_OK);
}

}  // namespace
}  // namespace keyswap
