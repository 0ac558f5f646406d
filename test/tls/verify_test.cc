// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/verify.h"

#include <array>
#include <chrono>
#include <functional>

#include <catch2/catch.hpp>
#include <openssl/x509_vfy.h>

#include "test/support/tls_peer.h"

namespace keyswap {
namespace {

using namespace std::string_view_literals;
using test::drain;
using test::Extensions;
using test::feed_copy;
using test::for_authority;
using test::for_server;
using test::Identity;
using test::make_identity;
using test::make_root;
using test::make_server;
using test::RawPeer;

constexpr const char* kHost = "api.example.test";

// Context and root of most cases: the system's bundle is slow to read.
struct Trust {
  Identity root = make_root();
  Identity intermediate = test::make_intermediate(root);
  std::shared_ptr<const tls::ClientContext> context = test::trusting({root});

  static const Trust& instance() {
    static const Trust kTrust;
    return kTrust;
  }
};

struct Verdict {
  bool is_accepted = false;
  long code = 0;  // X509_V_ERR_... when it is not
  std::string text;
  std::string received;  // application bytes that the server saw
};

// What we make of a server that shows this chain.
Verdict judge(const std::shared_ptr<const tls::ClientContext>& context,
              const std::string& host,
              const Identity& leaf,
              const std::vector<Identity>& chain = {},
              bool is_ip = false) {
  auto engine = tls::Engine::connect(context, host, is_ip, nullptr);
  REQUIRE(engine);
  RawPeer server(test::weak_server_context(leaf, chain), RawPeer::Side::server);
  const auto done = shake(*engine, server);
  if (!done) {
    CHECK(done.error().code == base::Errc::tls);
    CHECK_FALSE(engine->write("secret"));  // I5: nothing can be said to it
    server.feed(drain(*engine));
    server.step();
    return {
        false, static_cast<long>(done.error().number), done.error().note.text(), server.received()};
  }
  return {*done, 0, "", ""};
}

Verdict judge(const Identity& leaf, const std::vector<Identity>& chain = {}) {
  return judge(Trust::instance().context, kHost, leaf, chain);
}

Identity server_with(const std::string& subject_alt_name, const std::string& common_name = "x") {
  return make_identity({common_name, for_server(subject_alt_name)}, &Trust::instance().root);
}

void check_refused(const Verdict& verdict, long code) {
  CHECK_FALSE(verdict.is_accepted);
  CHECK(verdict.code == code);
  CHECK(verdict.received.empty());
}

TEST_CASE("a good certificate for the name is accepted, directly or by an intermediate [I4]",
          "[I4]") {
  const Trust& trust = Trust::instance();
  CHECK(judge(server_with("DNS:api.example.test")).is_accepted);
  CHECK(judge(server_with("DNS:API.Example.TEST")).is_accepted);
  CHECK(judge(server_with("DNS:*.example.test")).is_accepted);
  CHECK(judge(server_with("DNS:other.test,DNS:api.example.test")).is_accepted);
  CHECK(judge(make_server(trust.intermediate, kHost), {trust.intermediate}).is_accepted);
  CHECK(judge(make_identity(
                  {"x", for_server("DNS:api.example.test"), -3600, 3600, test::KeyKind::rsa2048},
                  &trust.root))
            .is_accepted);
}

TEST_CASE("TU-01 a certificate for another name is refused, in nine ways [I4]", "[I4]") {
  const std::string host = kHost;
  const auto [what, leaf_san, common_name] = GENERATE(table<std::string, std::string, std::string>({
      {"wrong name", "DNS:other.test", "api.example.test"},
      {"common name only", "", "api.example.test"},
      {"wildcard for two labels", "DNS:*.test", "api.example.test"},
      {"partial wildcard", "DNS:a*.example.test", "api.example.test"},
      {"partial wildcard behind", "DNS:*i.example.test", "api.example.test"},
      {"wildcard in the middle", "DNS:api.*.test", "api.example.test"},
      {"bare wildcard", "DNS:*", "api.example.test"},
      {"everything wild", "DNS:*.*.*", "api.example.test"},
      // SEQUENCE { [2] "api.example.test\0.evil.test" }
      {"NUL",
       "DER:30:1d:82:1b:61:70:69:2e:65:78:61:6d:70:6c:65:2e:74:65:73:74:00:2e:65:76:69:6c:2e:74:65:"
       "73:74",
       "api.example.test"},
      {"URI", "URI:https://api.example.test/", "api.example.test"},
      {"address", "IP:192.0.2.1", "api.example.test"},
      {"e-mail", "email:root@api.example.test", "api.example.test"},
      {"name below", "DNS:www.api.example.test", "api.example.test"},
      {"name above", "DNS:example.test", "api.example.test"},
      {"suffix", "DNS:.example.test", "api.example.test"},
      {"with a dot behind", "DNS:api.example.test.evil", "api.example.test"},
  }));
  const Extensions extensions = leaf_san.empty()
                                    ? test::with(for_server("DNS:x"), "subjectAltName", "")
                                    : for_server(leaf_san);
  const Identity leaf = make_identity({common_name, extensions}, &Trust::instance().root);
  INFO(what);
  check_refused(judge(leaf), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_CASE("TU-01 an address must be in the certificate as an address [I4]", "[I4]") {
  const auto& context = Trust::instance().context;
  const Identity good = server_with("IP:192.0.2.1,IP:2001:db8::1");
  CHECK(judge(context, "192.0.2.1", good, {}, true).is_accepted);
  CHECK(judge(context, "2001:db8::1", good, {}, true).is_accepted);
  check_refused(judge(context, "192.0.2.2", good, {}, true), X509_V_ERR_IP_ADDRESS_MISMATCH);
  check_refused(judge(context, "192.0.2.1", server_with("DNS:192.0.2.1", "192.0.2.1"), {}, true),
                X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST_CASE("TU-01 what is no host cannot be connected to [I4]", "[I4]") {
  const auto& context = Trust::instance().context;
  for (const std::string& host : {std::string(),
                                  std::string(".example.test"),
                                  std::string("a\0b", 3),
                                  std::string(254, 'a')}) {
    const auto engine = tls::Engine::connect(context, host, false, nullptr);
    REQUIRE_FALSE(engine);
    CHECK(engine.error().code == base::Errc::invalid_input);
  }
  CHECK_FALSE(tls::Engine::connect(context, "api.example.test", true, nullptr));
  CHECK_FALSE(tls::Engine::connect(context, "", true, nullptr));
  CHECK_FALSE(tls::Engine::connect(context, std::string("1.2.3.4\0x", 9), true, nullptr));
}

TEST_CASE("TU-02 certificates out of their time are refused [I4]", "[I4]") {
  const Trust& trust = Trust::instance();
  const Extensions server = for_server("DNS:api.example.test");
  check_refused(judge(make_identity({"x", server, -7200, -3600}, &trust.root)),
                X509_V_ERR_CERT_HAS_EXPIRED);
  check_refused(judge(make_identity({"x", server, 3600, 7200}, &trust.root)),
                X509_V_ERR_CERT_NOT_YET_VALID);
  const Identity old_link = make_identity({"Old", for_authority(), -7200, -3600}, &trust.root);
  check_refused(judge(make_server(old_link, kHost), {old_link}), X509_V_ERR_CERT_HAS_EXPIRED);
  const Identity old_root = make_identity({"Old Root", for_authority(), -7200, -3600});
  check_refused(judge(test::trusting({old_root}), kHost, make_server(old_root, kHost)),
                X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_CASE("TU-03 a self-signed certificate is refused [I4]", "[I4]") {
  check_refused(judge(make_identity({kHost, for_server("DNS:api.example.test")})),
                X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
}

TEST_CASE("TU-03 a rogue root with the name of a trusted one is refused [I4]", "[I4]") {
  const Identity rogue = make_root("Test Root");
  const Verdict verdict = judge(make_server(rogue, kHost), {rogue});
  CHECK_FALSE(verdict.is_accepted);
  // Also with the key identifiers of the real one left out, so that only the signature tells.
  Extensions bare = test::with(for_authority(), "authorityKeyIdentifier", "");
  bare = test::with(bare, "subjectKeyIdentifier", "");
  const Identity twin = make_identity({"Test Root", bare});
  const Identity leaf = make_identity(
      {kHost, test::with(for_server("DNS:api.example.test"), "authorityKeyIdentifier", "")}, &twin);
  CHECK_FALSE(judge(leaf).is_accepted);
  CHECK_FALSE(judge(leaf, {twin}).is_accepted);
}

TEST_CASE("TU-03 a missing intermediate is refused, also when it is not a root of ours [I4]",
          "[I4]") {
  const Trust& trust = Trust::instance();
  check_refused(judge(make_server(trust.intermediate, kHost)),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  // X509_V_FLAG_PARTIAL_CHAIN is off: an intermediate in the trust store ends no chain.
  CHECK_FALSE(
      judge(test::trusting({trust.intermediate}), kHost, make_server(trust.intermediate, kHost))
          .is_accepted);
}

TEST_CASE("TU-03 an issuer that may not issue is refused [I4]", "[I4]") {
  const Trust& trust = Trust::instance();
  const auto refused_under = [&](const Extensions& extensions) {
    const Identity issuer = make_identity({"Issuer", extensions}, &trust.root);
    const Verdict verdict = judge(make_server(issuer, kHost), {issuer});
    CHECK(verdict.received.empty());
    return !verdict.is_accepted;
  };
  CHECK_FALSE(refused_under(for_authority()));
  CHECK(refused_under(for_authority("critical,CA:FALSE")));
  CHECK(refused_under(for_server("DNS:api.example.test")));
  CHECK(refused_under(test::with(for_authority(), "basicConstraints", "")));
  CHECK(refused_under(test::with(for_authority(), "keyUsage", "critical,digitalSignature")));
  CHECK(refused_under(test::with(for_authority(), "keyUsage", "critical,cRLSign")));
  CHECK(refused_under(test::with(for_authority(), "extendedKeyUsage", "clientAuth")));
  // pathlen 0 above another authority
  const Identity below = test::make_intermediate(trust.intermediate, "Below");
  CHECK_FALSE(judge(make_server(below, kHost), {below, trust.intermediate}).is_accepted);
}

TEST_CASE("TU-03 name constraints are kept [I4]", "[I4]") {
  const Trust& trust = Trust::instance();
  const auto accepted_under = [&](const std::string& constraints) {
    const Identity issuer = make_identity(
        {"Constrained", test::with(for_authority(), "nameConstraints", "critical," + constraints)},
        &trust.root);
    return judge(make_server(issuer, kHost), {issuer}).is_accepted;
  };
  CHECK(accepted_under("permitted;DNS:example.test"));
  CHECK_FALSE(accepted_under("permitted;DNS:other.test"));
  CHECK_FALSE(accepted_under("excluded;DNS:example.test"));
  CHECK(accepted_under("excluded;DNS:other.test"));
}

TEST_CASE("TU-03 an unknown critical extension is refused [I4]", "[I4]") {
  const auto leaf = [](const std::string& value) {
    return make_identity(
        {"x", test::with(for_server("DNS:api.example.test"), "1.3.6.1.4.1.99999.1", value)},
        &Trust::instance().root);
  };
  CHECK(judge(leaf("DER:05:00")).is_accepted);
  check_refused(judge(leaf("critical,DER:05:00")), X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION);
}

TEST_CASE("TU-03 a bad signature is refused [I4]", "[I4]") {
  const Identity leaf = make_server(Trust::instance().root, kHost);
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, leaf.certificate.get());
  auto* bytes = const_cast<unsigned char*>(ASN1_STRING_get0_data(signature));
  bytes[ASN1_STRING_length(signature) - 1] ^= 1U;
  check_refused(judge(leaf), X509_V_ERR_CERT_SIGNATURE_FAILURE);
}

TEST_CASE("TU-05 a certificate that is not one for servers is refused [I4]", "[I4]") {
  const auto leaf = [](const std::string& usage) {
    return make_identity(
        {"x", test::with(for_server("DNS:api.example.test"), "extendedKeyUsage", usage)},
        &Trust::instance().root);
  };
  CHECK(judge(leaf("serverAuth,clientAuth")).is_accepted);
  CHECK(judge(leaf("")).is_accepted);  // no such extension: any purpose (RFC 5280 section 4.2.1.12)
  check_refused(judge(leaf("clientAuth")), X509_V_ERR_INVALID_PURPOSE);
  check_refused(judge(leaf("codeSigning")), X509_V_ERR_INVALID_PURPOSE);
  check_refused(judge(leaf("OCSPSigning")), X509_V_ERR_INVALID_PURPOSE);
}

TEST_CASE("TU-06 weak keys and signatures are refused [I4]", "[I4]") {
  const Trust& trust = Trust::instance();
  const Extensions server = for_server("DNS:api.example.test");
  const auto leaf = [&](test::KeyKind key, test::DigestKind digest) {
    return make_identity({"x", server, -3600, 3600, key, digest}, &trust.root);
  };
  using test::DigestKind;
  using test::KeyKind;
  check_refused(judge(leaf(KeyKind::rsa1024, DigestKind::sha256)), X509_V_ERR_EE_KEY_TOO_SMALL);
  check_refused(judge(leaf(KeyKind::p256, DigestKind::sha1)), X509_V_ERR_CA_MD_TOO_WEAK);
  const Identity rsa_root =
      make_identity({"RSA Root", for_authority(), -3600, 3600, KeyKind::rsa2048});
  const auto rsa_context = test::trusting({rsa_root});
  for (const DigestKind digest : {DigestKind::md5, DigestKind::sha1}) {
    check_refused(
        judge(rsa_context,
              kHost,
              make_identity({"x", server, -3600, 3600, KeyKind::p256, digest}, &rsa_root)),
        X509_V_ERR_CA_MD_TOO_WEAK);
  }
  CHECK(judge(rsa_context, kHost, make_server(rsa_root, kHost)).is_accepted);
  const Identity weak_link =
      make_identity({"Weak", for_authority(), -3600, 3600, KeyKind::rsa1024}, &trust.root);
  check_refused(judge(make_server(weak_link, kHost), {weak_link}), X509_V_ERR_CA_KEY_TOO_SMALL);
  const Identity weak_root =
      make_identity({"Weak Root", for_authority(), -3600, 3600, KeyKind::rsa1024});
  check_refused(judge(test::trusting({weak_root}), kHost, make_server(weak_root, kHost)),
                X509_V_ERR_CA_KEY_TOO_SMALL);
}

// OpenSSL's verification is replaced by one that says what the test wants.
struct Injected {
  static inline int code = 0;     // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
  static inline int goes_on = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  static int verify(int /*is_good*/, X509_STORE_CTX* context) {
    X509_STORE_CTX_set_error(context, code);
    return goes_on;
  }
};

TEST_CASE("TU-13 no verification error counts as success [I4]", "[I4]") {
  const Trust& trust = Trust::instance();
  const auto context = test::trusting({trust.root});
  SSL_CTX_set_verify(context->context(), SSL_VERIFY_PEER, Injected::verify);
  const Identity leaf = make_server(trust.root, kHost);
  Injected::code = X509_V_OK;
  Injected::goes_on = 1;
  CHECK(judge(context, kHost, leaf).is_accepted);
  constexpr int kPastTheLastCode = 150;
  for (int code = X509_V_ERR_UNSPECIFIED; code < kPastTheLastCode; ++code) {
    Injected::code = code;
    for (const int goes_on : {0, 1}) {
      Injected::goes_on = goes_on;
      const Verdict verdict = judge(context, kHost, leaf);
      INFO(code << " " << goes_on);
      CHECK_FALSE(verdict.is_accepted);
      CHECK(verdict.code == code);
    }
  }
}

TEST_CASE("TU-13 every code has words, and they are those of a failure") {
  for (long code = -5; code < 150; ++code) {
    const base::Error error = tls::verification_error(code);
    CHECK(error.code == base::Errc::tls);
    CHECK(error.number == code);
    CHECK(std::string(error.note.text()).size() > 20);
  }
  CHECK(std::string(tls::verification_error(X509_V_ERR_CERT_HAS_EXPIRED).note.text()) !=
        tls::verification_error(X509_V_ERR_HOSTNAME_MISMATCH).note.text());
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string many_names(int count) {
  std::string names;
  for (int i = 0; i < count; ++i) {
    names.append("DNS:host-").append(std::to_string(i)).append(".example.test,");
  }
  return names + "DNS:api.example.test";
}

TEST_CASE("TU-16 very large certificates are judged or refused in time [I10]", "[I10]") {
  const Identity large = server_with(many_names(2000));
  const Identity huge = server_with(many_names(10'000));
  CHECK(seconds_of([&] { CHECK(judge(large).is_accepted); }) < 5);
  CHECK(seconds_of([&] { CHECK_FALSE(judge(huge).is_accepted); }) < 5);
}

TEST_CASE("TU-16 a chain that is too deep, or longer than 100 kB, is refused in time [I10]",
          "[I10]") {
  std::vector<Identity> chain;
  const Identity* issuer = &Trust::instance().root;
  for (int i = 0; i < 12; ++i) {
    chain.insert(chain.begin(),
                 make_identity({std::to_string(i) + ". link", for_authority()}, issuer));
    issuer = &chain.front();
  }
  const Identity& last = chain.front();
  CHECK(seconds_of([&] { CHECK_FALSE(judge(make_server(last, kHost), chain).is_accepted); }) < 5);
  const std::vector<Identity> stuffing(50, server_with(many_names(150)));
  CHECK(seconds_of([&] {
          CHECK_FALSE(judge(make_server(Trust::instance().root, kHost), stuffing).is_accepted);
        }) < 5);
}

TEST_CASE("TU-09 a server that speaks no TLS, or breaks off, is an error and no hang") {
  const std::string_view bytes = GENERATE("HTTP/1.1 400 Bad Request\r\n\r\n"sv,
                                          "SSH-2.0-OpenSSH_9.2\r\n"sv,
                                          "\x15\x03\x03\x00\x02\x02\x28"sv);
  tls::Engine engine = test::connect_to(Trust::instance().context, kHost);
  REQUIRE(*engine.handshake() == false);
  REQUIRE(feed_copy(engine, bytes));
  const auto done = engine.handshake();
  CHECK_FALSE(done);
  CHECK_FALSE(engine.handshake());  // and stays one
}

int choose_h2(SSL*,
              const unsigned char** chosen,
              unsigned char* size,
              const unsigned char*,
              unsigned,
              void*) {
  static constexpr std::array<unsigned char, 2> kH2 = {'h', '2'};
  *chosen = kH2.data();
  *size = kH2.size();
  return SSL_TLSEXT_ERR_OK;
}

TEST_CASE("TU-09 a server that chooses a protocol nobody offered is refused") {
  const auto server_context = test::weak_server_context(make_server(Trust::instance().root, kHost));
  SSL_CTX_set_alpn_select_cb(server_context.get(), choose_h2, nullptr);
  RawPeer server(server_context, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(Trust::instance().context, kHost);
  CHECK_FALSE(shake(engine, server));
}

TEST_CASE("TU-09 a server that wishes for a client certificate gets none, and is talked to") {
  const auto server_context = test::weak_server_context(make_server(Trust::instance().root, kHost));
  SSL_CTX_set_verify(server_context.get(), SSL_VERIFY_PEER, nullptr);
  RawPeer server(server_context, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(Trust::instance().context, kHost);
  const auto done = shake(engine, server);
  REQUIRE(done);
  CHECK(*done);
  CHECK(SSL_get0_peer_certificate(server.ssl()) == nullptr);
}

TEST_CASE("a name is asked for by SNI, an address is not (RFC 6066 section 3)") {
  const auto asked_for = [](const std::string& host, bool is_ip) {
    RawPeer server(test::weak_server_context(server_with("DNS:x.test,IP:192.0.2.1")),
                   RawPeer::Side::server);
    auto engine = tls::Engine::connect(Trust::instance().context, host, is_ip, nullptr);
    REQUIRE(engine);
    static_cast<void>(shake(*engine, server));
    const char* name = SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name);
    return std::string(name == nullptr ? "" : name);
  };
  CHECK(asked_for("x.test", false) == "x.test");
  CHECK(asked_for("192.0.2.1", true).empty());
}

}  // namespace
}  // namespace keyswap
