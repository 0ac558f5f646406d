// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/context.h"

#include <cstdlib>
#include <fstream>

#include <openssl/pem.h>
#include <unistd.h>

#include "ca/crypto_start.h"
#include "proxy/tls/roots.h"
#include "test/tls/engine_pair.h"

namespace keyswap {
namespace {

using base::Errc;
using test::Identity;
using test::PairMaker;
using test::RawPeer;
using test::TempFile;

constexpr const char* kHost = "api.example.test";

std::size_t size_of(X509_STORE* store) {
  return static_cast<std::size_t>(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)));
}

TEST_CASE("roots come from the system's file and the operator's") {
  const Identity one = test::make_root("One");
  const Identity two = test::make_root("Two");
  const Identity three = test::make_root("Three");
  const TempFile system(one.pem());
  const TempFile extra("a comment\n" + two.pem() + "\n" + three.pem());
  const auto roots = tls::load_roots(system.path(), {extra.path()}, "");
  REQUIRE(roots);
  CHECK(size_of(roots->get()) == 3);
  const auto without = tls::load_roots("/nonexistent/roots.pem", {extra.path()}, "");
  REQUIRE(without);
  CHECK(size_of(without->get()) == 2);
  CHECK(tls::load_roots("/nonexistent/roots.pem", {}, ""));
}

TEST_CASE("roots that were read already are those of their files") {
  const Identity one = test::make_root("One");
  const Identity two = test::make_root("Two");
  const TempFile file(one.pem() + two.pem());
  const auto by_file = tls::ClientContext::create({file.path()}, "");
  const auto by_text = tls::ClientContext::create_of({one.pem() + two.pem()}, "");
  REQUIRE(by_file);
  REQUIRE(by_text);
  CHECK((*by_file)->roots_sha256() == (*by_text)->roots_sha256());
  const auto fewer = tls::ClientContext::create_of({one.pem()}, "");
  REQUIRE(fewer);
  CHECK((*fewer)->roots_sha256() != (*by_text)->roots_sha256());
  for (const std::string& none : {std::string(), std::string("not a certificate")}) {
    CHECK(tls::ClientContext::create_of({none}, "").error().code == Errc::invalid_input);
  }
  CHECK(tls::ClientContext::create_of({one.pem()}, one.pem()).error().code == Errc::invalid_input);
}

TEST_CASE("an extra file that is missing, empty or no certificates is an error [I13]", "[I13]") {
  const auto missing = tls::ClientContext::create({"/nonexistent/extra.pem"}, "");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::not_found);
  const Identity root = test::make_root();
  for (const std::string& content :
       {std::string(), std::string("not a certificate"), root.key_pem()}) {
    const TempFile file(content);
    const auto context = tls::ClientContext::create({file.path()}, "");
    REQUIRE_FALSE(context);
    CHECK(context.error().code == Errc::invalid_input);
  }
}

TEST_CASE("TU-14 a file of roots that is cut short or damaged is an error as a whole [I13]",
          "[I13]") {
  const Identity root = test::make_root();
  const std::string good = root.pem();
  const std::string cut = good + good.substr(0, good.size() / 2);
  std::string damaged = good + test::make_root("Other").pem();
  damaged[good.size() + 100] = '!';
  for (const std::string& content : {cut, damaged}) {
    const TempFile file(content);
    CHECK_FALSE(tls::load_roots("/nonexistent", {file.path()}, ""));
    CHECK_FALSE(tls::load_roots(file.path(), {}, ""));
  }
}

TEST_CASE("TU-04 our own CA among the operator's roots is an error [I4]", "[I4]") {
  const std::string own = PairMaker::instance().authority->certificate_pem();
  const TempFile file(test::make_root().pem() + own);
  const auto context = tls::ClientContext::create({file.path()}, own);
  REQUIRE_FALSE(context);
  CHECK(context.error().code == Errc::invalid_input);
  CHECK_FALSE(tls::ClientContext::create({}, "not a certificate"));
}

TEST_CASE("TU-04 our own CA among the system's roots is left out, under any certificate [I4]",
          "[I4]") {
  const Identity own = test::make_root("Ours");
  Identity again = own;
  again.certificate.reset(X509_dup(own.certificate.get()), X509_free);
  REQUIRE(ASN1_INTEGER_set(X509_get_serialNumber(again.certificate.get()), 4711) == 1);
  REQUIRE(X509_sign(again.certificate.get(), again.key.get(), EVP_sha256()) > 0);
  const TempFile system(test::make_root("Other").pem() + own.pem() + again.pem());
  const auto roots = tls::load_roots(system.path(), {}, own.pem());
  REQUIRE(roots);
  CHECK(size_of(roots->get()) == 1);
}

TEST_CASE("TU-04 an upstream whose chain ends in our own CA is refused [I4]", "[I4]") {
  const PairMaker& maker = PairMaker::instance();
  const auto context = tls::ClientContext::create({}, maker.authority->certificate_pem());
  REQUIRE(context);
  test::Pair pair{test::connect_to(*context, kHost), maker.server(kHost)};
  CHECK_FALSE(pair.shake());
  const auto done = pair.client.handshake();
  REQUIRE_FALSE(done);
  CHECK(done.error().number == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_CASE("starting the library twice is once") {
  CHECK(tls::start_library());
  CHECK(tls::start_library());
  CHECK(ca::start_crypto());
}

TEST_CASE("two contexts are told apart") {
  const auto one = test::trusting({test::make_root()});
  const auto two = test::trusting({test::make_root()});
  CHECK(one->identity().size() == 16);
  CHECK(one->identity() != two->identity());
}

TEST_CASE("the roots' digest says whether two contexts trust the same") {
  const auto root = test::make_root();
  const auto other = test::make_root();
  const std::string one = test::trusting({root})->roots_sha256();
  CHECK(one.size() == 32);
  CHECK(one == test::trusting({root})->roots_sha256());
  CHECK(one != test::trusting({other})->roots_sha256());
  CHECK(one != test::trusting({root, other})->roots_sha256());
  CHECK(test::trusting({other, root})->roots_sha256() ==
        test::trusting({root, other})->roots_sha256());
}

// --- TU-12: this program again, with an environment that somebody else has made ---

constexpr const char* kWeakConfiguration = R"(
openssl_conf = init
[init]
ssl_conf = ssl_section
[ssl_section]
system_default = weak
[weak]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
Options = UnsafeLegacyServerConnect
)";

int run_again(const std::string& environment, const std::string& test_case) {
  std::array<char, 4096> path{};
  REQUIRE(::readlink("/proc/self/exe", path.data(), path.size() - 1) > 0);
  const std::string command = "env " + environment + " " + path.data() + " '" + test_case + "'";
  return std::system((command + " >/dev/null 2>&1").c_str());  // NOLINT(concurrency-mt-unsafe)
}

TEST_CASE("TU-12 what the environment says about TLS is ignored [I4]", "[I4]") {
  const Identity root = test::make_root("Attacker");
  const Identity leaf = test::make_server(root, kHost);
  const TempFile configuration(kWeakConfiguration);
  const TempFile root_file(root.pem());
  const TempFile leaf_file(leaf.pem() + leaf.key_pem());
  const std::string key_log = leaf_file.path() + ".keylog";
  const std::string environment =
      "OPENSSL_CONF=" + configuration.path() + " SSL_CERT_FILE=" + root_file.path() +
      " SSL_CERT_DIR=/tmp SSLKEYLOGFILE=" + key_log + " KEYSWAP_TEST_LEAF=" + leaf_file.path();
  CHECK(run_again(environment, "in a hostile environment: bare OpenSSL obeys it") == 0);
  CHECK(run_again(environment, "in a hostile environment: our contexts do not") == 0);
  CHECK_FALSE(std::ifstream(key_log).good());
}

// So that the test above is seen to test something.
TEST_CASE("in a hostile environment: bare OpenSSL obeys it", "[.]") {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  CHECK(SSL_CTX_get_security_level(context) == 0);
  CHECK(SSL_CTX_set_default_verify_paths(context) == 1);
  CHECK(SSL_CTX_get_min_proto_version(context) == TLS1_VERSION);
  SSL_CTX_free(context);
}

TEST_CASE("in a hostile environment: our contexts do not", "[.]") {
  REQUIRE(tls::start_library());
  const auto client = tls::ClientContext::create({}, "");
  const auto server = tls::ServerContext::create();
  REQUIRE(client);
  REQUIRE(server);
  for (SSL_CTX* context : {(*client)->context(), (*server)->context()}) {
    CHECK(SSL_CTX_get_security_level(context) == 2);
    CHECK(SSL_CTX_get_min_proto_version(context) == TLS1_2_VERSION);
    CHECK((SSL_CTX_get_options(context) & SSL_OP_LEGACY_SERVER_CONNECT) == 0);
    CHECK(SSL_CTX_get_keylog_callback(context) == nullptr);
    CHECK(sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(context)) == 3 + 6);
  }
  const char* path = std::getenv("KEYSWAP_TEST_LEAF");  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(path != nullptr);
  const test::ContextPointer attacker(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  CHECK(SSL_CTX_get_security_level(attacker.get()) > 0);  // the configuration was not loaded at all
  REQUIRE(SSL_CTX_use_certificate_file(attacker.get(), path, SSL_FILETYPE_PEM) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(attacker.get(), path, SSL_FILETYPE_PEM) == 1);
  RawPeer peer(attacker, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(*client, kHost);
  const auto done = shake(engine, peer);
  REQUIRE_FALSE(done);
  CHECK(done.error().number == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

// Of a library that verifies nothing and shows its keys: both sides' last words.
std::pair<bool, int> shake_by(const std::shared_ptr<const tls::ClientContext>& like,
                              const std::string& expected,
                              const Identity& leaf) {
  static int keys_shown = 0;
  const test::ContextPointer context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_keylog_callback(context.get(), [](const SSL*, const char*) { ++keys_shown; });
  REQUIRE(tls::make_verifying(*like, expected, false, context.get()));
  RawPeer client(context, RawPeer::Side::client);
  RawPeer server(test::weak_server_context(leaf), RawPeer::Side::server);
  for (int round = 0; round < 10; ++round) {
    client.step();
    server.feed(client.take_output());
    server.step();
    client.feed(server.take_output());
  }
  CHECK(keys_shown == 0);
  return {client.is_open(), client.reason()};
}

TEST_CASE("a context of another library verifies as ours do, and shows no keys [I4] [I1]",
          "[I4][I1]") {
  const Identity root = test::make_root();
  const auto like = test::trusting({root});
  CHECK(shake_by(like, kHost, test::make_server(root, kHost)).first);
  const auto refused = std::pair(false, static_cast<int>(SSL_R_CERTIFICATE_VERIFY_FAILED));
  CHECK(shake_by(like, kHost, test::make_server(root, "other.example.test")) == refused);
  CHECK(shake_by(like, kHost, test::make_server(test::make_root("Others"), kHost)) == refused);
  test::Spec past{.common_name = kHost,
                  .extensions = test::for_server(std::string("DNS:") + kHost)};
  past.from_s = -7200;
  past.until_s = -3600;
  CHECK(shake_by(like, kHost, test::make_identity(past, &root)) == refused);
  const test::ContextPointer context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  CHECK(tls::make_verifying(*like, "", false, context.get()).error().code == Errc::invalid_input);
}

}  // namespace
}  // namespace keyswap
