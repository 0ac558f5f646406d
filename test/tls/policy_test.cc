// SPDX-License-Identifier: Apache-2.0
//
// Which protocols, ciphers and extensions are spoken with upstreams (TU) and with clients (TC), and
// what happens to those who try others.
#include <array>
#include <functional>

#include <catch2/catch.hpp>

#include "proxy/tls/context.h"
#include "test/tls/engine_pair.h"

namespace keyswap {
namespace {

using namespace std::string_view_literals;
using test::ContextPointer;
using test::drain;
using test::feed_copy;
using test::Identity;
using test::PairMaker;
using test::RawPeer;
using test::Reading;

constexpr const char* kHost = "api.example.test";

struct Upstream {
  Identity root = test::make_root();
  Identity ec_leaf = test::make_server(root, kHost);
  Identity rsa_leaf = test::make_identity(
      {"x", test::for_server("DNS:api.example.test"), -3600, 3600, test::KeyKind::rsa2048}, &root);
  std::shared_ptr<const tls::ClientContext> context = test::trusting({root});

  static const Upstream& instance() {
    static const Upstream kUpstream;
    return kUpstream;
  }
};

enum class LeafKind : std::uint8_t { ec, rsa };

// Does a connection to an upstream come about that speaks only this?
bool upstream_accepted(int version, const char* ciphers, LeafKind kind) {
  const Upstream& upstream = Upstream::instance();
  const ContextPointer context =
      test::weak_server_context(kind == LeafKind::ec ? upstream.ec_leaf : upstream.rsa_leaf);
  REQUIRE(SSL_CTX_set_max_proto_version(context.get(), version) == 1);
  REQUIRE(SSL_CTX_set_cipher_list(context.get(), (std::string(ciphers) + ":@SECLEVEL=0").c_str()) ==
          1);
  SSL_CTX_set_dh_auto(context.get(), 1);
  RawPeer server(context, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(upstream.context, kHost);
  const auto done = shake(engine, server);
  CHECK(server.received().empty());
  return done && *done;
}

TEST_CASE(
    "TU-07 upstreams that speak TLS 1.2 or 1.3 with forward secrecy and AEAD are talked to [I4]",
    "[I4]") {
  CHECK(upstream_accepted(TLS1_3_VERSION, "ALL", LeafKind::ec));
  CHECK(upstream_accepted(TLS1_3_VERSION, "ALL", LeafKind::rsa));
  CHECK(upstream_accepted(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", LeafKind::ec));
  CHECK(upstream_accepted(TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", LeafKind::rsa));
  CHECK(upstream_accepted(TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", LeafKind::rsa));
}

TEST_CASE("TU-07 upstreams with old versions or weak ciphers are refused [I4]", "[I4]") {
  CHECK_FALSE(upstream_accepted(TLS1_VERSION, "ALL", LeafKind::rsa));
  CHECK_FALSE(upstream_accepted(TLS1_1_VERSION, "ALL", LeafKind::rsa));
  const char* ciphers = GENERATE("NULL-SHA256",
                                 "ECDHE-RSA-NULL-SHA",
                                 "ADH-AES128-GCM-SHA256",
                                 "AECDH-AES128-SHA",
                                 "DHE-RSA-AES128-GCM-SHA256",
                                 "AES128-GCM-SHA256",
                                 "AES256-SHA",
                                 "ECDHE-RSA-AES128-SHA",
                                 "ECDHE-RSA-AES256-SHA384",
                                 "DHE-RSA-AES256-SHA");
  INFO(ciphers);
  CHECK_FALSE(upstream_accepted(TLS1_2_VERSION, ciphers, LeafKind::rsa));
}

TEST_CASE("X25519 is the key share that is sent first") {
  const Upstream& upstream = Upstream::instance();
  RawPeer server(test::weak_server_context(upstream.ec_leaf), RawPeer::Side::server);
  tls::Engine engine = test::connect_to(upstream.context, kHost);
  REQUIRE(shake(engine, server));
  CHECK(SSL_get_negotiated_group(server.ssl()) == NID_X25519);
  CHECK(SSL_session_reused(server.ssl()) == 0);
}

// A client of ours, as `prepare` makes it.
struct Client {
  explicit Client(
      const std::function<void(SSL_CTX*)>& prepare,
      const std::function<void(SSL*)>& prepare_connection = [](SSL*) {})
      : context(test::weak_client_context()) {
    prepare(context.get());
    peer = std::make_unique<RawPeer>(context, RawPeer::Side::client);
    prepare_connection(peer->ssl());
  }

  bool is_served() { return shake() && peer->is_open(); }

  bool shake() {
    peer->step();
    REQUIRE(feed_copy(server, peer->take_output()));
    const auto done = test::shake(server, *peer);
    peer->step();
    return done && *done;
  }

  ContextPointer context;
  std::unique_ptr<RawPeer> peer;
  tls::Engine server = PairMaker::instance().server(kHost);
};

void only_version(SSL_CTX* context, int version, const char* ciphers = "ALL:eNULL:aNULL") {
  REQUIRE(SSL_CTX_set_max_proto_version(context, version) == 1);
  REQUIRE(SSL_CTX_set_cipher_list(context, (std::string(ciphers) + ":@SECLEVEL=0").c_str()) == 1);
}

TEST_CASE("TC-03 clients of TLS 1.2 and 1.3 are served, older ones are refused") {
  const auto is_served = [](int version) {
    return Client([=](SSL_CTX* c) { only_version(c, version); }).is_served();
  };
  CHECK(is_served(TLS1_3_VERSION));
  CHECK(is_served(TLS1_2_VERSION));
  CHECK_FALSE(is_served(TLS1_1_VERSION));
  CHECK_FALSE(is_served(TLS1_VERSION));
}

TEST_CASE("TC-03 clients with weak ciphers only are refused") {
  const char* ciphers = GENERATE("NULL-SHA256",
                                 "ECDHE-ECDSA-NULL-SHA",
                                 "ADH-AES128-GCM-SHA256",
                                 "AES128-GCM-SHA256",
                                 "ECDHE-ECDSA-AES128-SHA",
                                 "ECDHE-ECDSA-AES256-SHA384",
                                 "ECDHE-ECDSA-AES128-CCM8");
  INFO(ciphers);
  CHECK_FALSE(Client([&](SSL_CTX* c) { only_version(c, TLS1_2_VERSION, ciphers); }).is_served());
}

std::string alpn_answer(Client& client) {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.peer->ssl(), &chosen, &size);
  return {reinterpret_cast<const char*>(chosen), size};
}

Client client_offering(std::string_view protocols) {
  return Client([=](SSL_CTX* c) {
    if (!protocols.empty()) {
      REQUIRE(SSL_CTX_set_alpn_protos(c,
                                      reinterpret_cast<const unsigned char*>(protocols.data()),
                                      static_cast<unsigned>(protocols.size())) == 0);
    }
  });
}

TEST_CASE("TC-03 http/1.1 is chosen wherever it is offered, and none is needed") {
  Client both = client_offering("\x02h2\x08http/1.1"sv);
  CHECK(both.is_served());
  CHECK(alpn_answer(both) == "http/1.1");
  Client silent = client_offering("");
  CHECK(silent.is_served());
  CHECK(alpn_answer(silent).empty());
}

TEST_CASE("TC-03 clients that offer other protocols only are told so by an alert (RFC 7301)") {
  for (const std::string_view offered : {"\x02h2"sv, "\x08http/1.0"sv, "\x07http/1."sv}) {
    Client client = client_offering(offered);
    CHECK_FALSE(client.is_served());
    CHECK(client.peer->reason() == SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL);
  }
}

TEST_CASE("TC-03 no client gets a session to resume") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client([=](SSL_CTX* c) { only_version(c, version); });
    REQUIRE(client.is_served());
    CHECK(SSL_SESSION_has_ticket(SSL_get0_session(client.peer->ssl())) == 0);
    CHECK(SSL_SESSION_is_resumable(SSL_get0_session(client.peer->ssl())) == 0);
  }
}

// The server name of a client, as the engine tells it after the ClientHello.
std::string name_seen(const std::string& sent) {
  Client client([](SSL_CTX*) {},
                [&](SSL* ssl) {
                  if (!sent.empty()) {
                    REQUIRE(SSL_ctrl(ssl,
                                     SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                     TLSEXT_NAMETYPE_host_name,
                                     const_cast<char*>(sent.c_str())) == 1);
                  }
                });
  CHECK(client.server.server_name().empty());
  client.peer->step();
  REQUIRE(feed_copy(client.server, client.peer->take_output()));
  REQUIRE(client.server.handshake());
  const std::string early = client.server.server_name();
  REQUIRE(client.is_served());
  CHECK(client.server.server_name() == early);
  return early;
}

TEST_CASE("TC-05 the server name is told as it was sent, so that it can be judged [I3]", "[I3]") {
  const std::string name = GENERATE(std::string(),
                                    std::string("api.example.test"),
                                    std::string("API.Example.TEST"),
                                    std::string("api.example.test."),
                                    std::string("192.0.2.1"),
                                    std::string("a_b.test"),
                                    std::string("xn--bcher-kva.example"),
                                    std::string("b\xc3\xbc"
                                                "cher.example"),
                                    std::string("*.test"),
                                    std::string(255, 'a'));
  CHECK(name_seen(name) == name);
}

// A ClientHello record whose server name is replaced by `name`, with all lengths made right.
std::string hello_with_name(const std::string& name) {
  const std::string old = "a.placeholder.test";
  Client client([](SSL_CTX*) {},
                [&](SSL* ssl) {
                  SSL_ctrl(ssl,
                           SSL_CTRL_SET_TLSEXT_HOSTNAME,
                           TLSEXT_NAMETYPE_host_name,
                           const_cast<char*>(old.c_str()));
                });
  client.peer->step();
  std::string hello = client.peer->take_output();
  const std::size_t at = hello.find(old);
  REQUIRE(at != std::string::npos);
  hello.replace(at, old.size(), name);
  const auto grow = [&](std::size_t offset) {
    const auto high = static_cast<unsigned char>(hello[offset]);
    const auto low = static_cast<unsigned char>(hello[offset + 1]);
    const std::size_t length = (high * 256U + low) + name.size() - old.size();
    hello[offset] = static_cast<char>(length / 256);
    hello[offset + 1] = static_cast<char>(length % 256);
  };
  const std::size_t session_at = 5 + 4 + 2 + 32;
  const std::size_t ciphers_at = session_at + 1 + static_cast<unsigned char>(hello[session_at]);
  const std::size_t compression_at = ciphers_at + 2 +
                                     static_cast<unsigned char>(hello[ciphers_at]) * 256U +
                                     static_cast<unsigned char>(hello[ciphers_at + 1]);
  const std::size_t extensions_at =
      compression_at + 1 + static_cast<unsigned char>(hello[compression_at]);
  // record, handshake, extensions, extension, list, name
  for (const std::size_t offset :
       {std::size_t{3}, std::size_t{7}, extensions_at, at - 7, at - 5, at - 2}) {
    grow(offset);
  }
  return hello;
}

TEST_CASE("TC-05 a server name that cannot be one ends the handshake [I3]", "[I3]") {
  const auto outcome = [](const std::string& name) {
    tls::Engine server = PairMaker::instance().server(kHost);
    REQUIRE(feed_copy(server, hello_with_name(name)));
    return server.handshake().has_value();
  };
  CHECK(outcome("another.name.test"));
  CHECK_FALSE(outcome(std::string(256, 'a')));
  CHECK_FALSE(outcome(std::string("api.example.test\0.evil.test", 27)));
  CHECK_FALSE(outcome(std::string(5000, 'a')));
}

// The records' handshake bytes in records of `size` bytes each.
std::string in_records_of(const std::string& record, std::size_t size) {
  std::string_view rest = std::string_view(record).substr(5);
  std::string out;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, size);
    out += "\x16\x03\x01"sv;
    out += static_cast<char>(piece.size() / 256);
    out += static_cast<char>(piece.size() % 256);
    out += piece;
    rest.remove_prefix(piece.size());
  }
  return out;
}

TEST_CASE("TC-08 a ClientHello in records of one byte is served") {
  const std::size_t size = GENERATE(1U, 2U, 7U, 100U);
  Client client([](SSL_CTX*) {});
  client.peer->step();
  const std::string hello = in_records_of(client.peer->take_output(), size);
  REQUIRE(feed_copy(client.server, hello));
  CHECK(client.is_served());
}

int add_padding(SSL*,
                unsigned,
                unsigned,
                const unsigned char** out,
                std::size_t* size,
                X509*,
                std::size_t,
                int*,
                void* argument) {
  static const std::string kPadding(60'000, 'x');
  *out = reinterpret_cast<const unsigned char*>(kPadding.data());
  *size = *static_cast<std::size_t*>(argument);
  return 1;
}

TEST_CASE("TC-08 a large ClientHello with extensions nobody knows is served") {
  std::size_t size = GENERATE(std::size_t{0}, std::size_t{1000}, std::size_t{60'000});
  Client client([&](SSL_CTX* c) {
    constexpr unsigned kGrease = 0xfafa;  // RFC 8701
    REQUIRE(SSL_CTX_add_custom_ext(
                c, kGrease, SSL_EXT_CLIENT_HELLO, add_padding, nullptr, &size, nullptr, nullptr) ==
            1);
  });
  CHECK(client.is_served());
}

TEST_CASE("TC-08 floods of records that say nothing end the connection [I10]", "[I10]") {
  const std::string_view record =
      GENERATE("\x16\x03\x01\x00\x00"sv,              // empty handshake record
               "\x17\x03\x03\x00\x00"sv,              // empty application data
               "\x15\x03\x01\x00\x02\x01\x00"sv,      // warning alert
               "\x18\x03\x01\x00\x03\x01\x40\x00"sv,  // heartbeat (RFC 6520): not spoken
               "\x14\x03\x03\x00\x01\x01"sv);         // change_cipher_spec
  std::string flood;
  for (int i = 0; i < 10'000; ++i) {
    flood += record;
  }
  tls::Engine server = PairMaker::instance().server(kHost);
  REQUIRE(feed_copy(server, std::string_view(flood).substr(0, 100'000)));
  CHECK_FALSE(server.handshake());
}

TEST_CASE("TC-08 an asked-for renegotiation ends the connection, whoever asks") {
  Client client([](SSL_CTX* c) { only_version(c, TLS1_2_VERSION); });
  REQUIRE(client.is_served());
  REQUIRE(SSL_renegotiate(client.peer->ssl()) == 1);
  static_cast<void>(SSL_do_handshake(client.peer->ssl()));
  REQUIRE(feed_copy(client.server, client.peer->take_output()));
  Reading reading;
  read_all(client.server, reading);
  CHECK(reading.has_failed);

  const Upstream& upstream = Upstream::instance();
  const ContextPointer context = test::weak_server_context(upstream.ec_leaf);
  only_version(context.get(), TLS1_2_VERSION);
  RawPeer server(context, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(upstream.context, kHost);
  REQUIRE(*shake(engine, server));
  REQUIRE(SSL_renegotiate(server.ssl()) == 1);
  static_cast<void>(SSL_do_handshake(server.ssl()));
  REQUIRE(feed_copy(engine, server.take_output()));
  Reading from_upstream;
  read_all(engine, from_upstream);
  CHECK(from_upstream.has_failed);
}

TEST_CASE("a key update is followed, and answered when that is wished (RFC 8446 section 4.6.3)") {
  const Upstream& upstream = Upstream::instance();
  RawPeer server(test::weak_server_context(upstream.ec_leaf), RawPeer::Side::server);
  tls::Engine engine = test::connect_to(upstream.context, kHost);
  REQUIRE(*shake(engine, server));
  std::string received;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(SSL_key_update(server.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    server.write("new key ");
    REQUIRE(exchange(engine, server, received));
    REQUIRE(engine.write("answer "));
    REQUIRE(exchange(engine, server, received));
  }
  CHECK(received == "new key new key new key ");
  CHECK(server.received() == "answer answer answer ");
}

TEST_CASE("TC-09 early data is not taken as data (RFC 8470)") {
  // A session that allows early data has to come from a server that does.
  const ContextPointer generous = test::weak_server_context(Upstream::instance().ec_leaf);
  REQUIRE(SSL_CTX_set_max_early_data(generous.get(), 16'000) == 1);
  RawPeer giver(generous, RawPeer::Side::server);
  RawPeer taker(test::weak_client_context(), RawPeer::Side::client);
  for (int i = 0; i < 5; ++i) {
    taker.step();
    giver.feed(taker.take_output());
    giver.step();
    taker.feed(giver.take_output());
  }
  const std::shared_ptr<SSL_SESSION> session(SSL_get1_session(taker.ssl()), SSL_SESSION_free);
  REQUIRE(SSL_SESSION_get_max_early_data(session.get()) == 16'000);

  Client client([](SSL_CTX*) {},
                [&](SSL* ssl) { REQUIRE(SSL_set_session(ssl, session.get()) == 1); });
  std::size_t written = 0;
  REQUIRE(SSL_write_early_data(client.peer->ssl(), "POST /order", 11, &written) == 1);
  REQUIRE(client.is_served());
  CHECK(SSL_get_early_data_status(client.peer->ssl()) == SSL_EARLY_DATA_REJECTED);
  Reading reading;
  read_all(client.server, reading);
  CHECK(reading.bytes.empty());
  client.peer->write("POST /order, in its time");
  REQUIRE(feed_copy(client.server, client.peer->take_output()));
  read_all(client.server, reading);
  CHECK(reading.bytes == "POST /order, in its time");
}

}  // namespace
}  // namespace keyswap
