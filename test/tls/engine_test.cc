// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/engine.h"

#include <openssl/evp.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/tls/hooks.h"
#include "test/tls/engine_pair.h"

namespace keyswap {
namespace {

using base::Errc;
using base::bounds::kLegPendingBytesMax;
using base::bounds::kLegUnreadBytesMax;
using test::Cut;
using test::drain;
using test::feed_copy;
using test::Pair;
using test::PairMaker;
using test::Reading;

using namespace std::string_view_literals;

constexpr const char* kHost = "api.example.test";

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * 31 + i / 251);
  }
  return bytes;
}

TEST_CASE("two engines agree on TLS 1.3, and each knows what it should of the other") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  CHECK(pair.client.peer().tls == "TLSv1.3");
  CHECK(pair.server.peer().tls == "TLSv1.3");
  CHECK(pair.server.server_name() == kHost);
  CHECK(pair.client.peer().spki_sha256.size() == 64);
  CHECK(pair.server.peer().spki_sha256.empty());
  CHECK_FALSE(pair.client.was_resumed());
}

TEST_CASE("the upstream's key is told by the SHA-256 of its SubjectPublicKeyInfo") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  const auto leaf = PairMaker::instance().leaf(kHost);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(leaf->certificate), &der);
  REQUIRE(size == 91);
  std::array<unsigned char, 32> digest{};
  REQUIRE(EVP_Digest(der, 91, digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  OPENSSL_free(der);
  CHECK(pair.client.peer().spki_sha256 ==
        base::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

struct Outcome {
  bool is_shaken = false;
  Reading at_server;
  Reading at_client;

  bool operator==(const Outcome& other) const {
    const auto same = [](const Reading& a, const Reading& b) {
      return a.bytes == b.bytes && a.is_closed == b.is_closed && a.has_failed == b.has_failed;
    };
    return is_shaken == other.is_shaken && same(at_server, other.at_server) &&
           same(at_client, other.at_client);
  }
};

// A handshake, a request, a response and the closing of both, delivered as `cut` says.
Outcome converse(const Cut& cut, bool is_broken) {
  Outcome outcome;
  Pair pair = Pair::of();
  outcome.is_shaken = pair.shake(cut);
  REQUIRE(pair.client.write("GET / HTTP/1.1\r\n"));
  REQUIRE(pair.client.write(pattern(40'000)));
  pair.client.close();
  Pair::deliver(pair.client, pair.server, cut, [&] { read_all(pair.server, outcome.at_server); });
  REQUIRE(pair.server.write("HTTP/1.1 200 OK\r\n"));
  REQUIRE(pair.server.write(pattern(20'000)));
  if (is_broken) {
    REQUIRE(pair.server.output().append("\x17\x03\x03\x00\x20this is not a record that we k"sv));
  }
  pair.server.close();
  Pair::deliver(pair.server, pair.client, cut, [&] { read_all(pair.client, outcome.at_client); });
  read_all(pair.client, outcome.at_client);
  return outcome;
}

TEST_CASE("any cutting of the ciphertext gives the same conversation [I15]", "[I15]") {
  const bool is_broken = GENERATE(false, true);
  const Outcome expected = converse(test::whole(), is_broken);
  REQUIRE(expected.is_shaken);
  CHECK(expected.at_server.bytes == "GET / HTTP/1.1\r\n" + pattern(40'000));
  CHECK(expected.at_server.is_closed);
  CHECK(expected.at_client.bytes == "HTTP/1.1 200 OK\r\n" + pattern(20'000));
  CHECK(expected.at_client.is_closed == !is_broken);
  CHECK(expected.at_client.has_failed == is_broken);
  CHECK(converse(test::byte_by_byte(), is_broken) == expected);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    INFO(seed);
    CHECK(converse(test::random_cuts(seed), is_broken) == expected);
  }
}

TEST_CASE("what came before a broken record is given before the error [I15]", "[I15]") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.server.write("good"));
  REQUIRE(pair.server.output().append("\x17\x03\x03\x00\x18nothing that can be read"sv));
  const std::string bytes = drain(pair.server);
  REQUIRE(pair.client.feed(bytes));
  std::array<char, 100> room{};
  const auto first = pair.client.read(room.data(), room.size());
  REQUIRE(first);
  CHECK(std::string(room.data(), first->size) == "good");
  const auto second = pair.client.read(room.data(), room.size());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::tls);
  CHECK_FALSE(pair.client.read(room.data(), room.size()));
  CHECK_FALSE(pair.client.write("more"));
}

TEST_CASE("a broken record is answered by an alert, which both sides can name") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  CHECK_FALSE(pair.client.alert());
  REQUIRE(pair.server.write("good"));
  REQUIRE(pair.server.output().append("\x17\x03\x03\x00\x18nothing that can be read"sv));
  REQUIRE(feed_copy(pair.client, drain(pair.server)));
  Reading reading;
  read_all(pair.client, reading, 4);
  CHECK(reading.bytes == "good");
  CHECK(pair.client.has_failed());
  CHECK(pair.client.failure().cause == base::Cause::tls_broken);
  REQUIRE(pair.client.alert());
  CHECK(pair.client.alert()->name == "bad_record_mac");
  CHECK(pair.client.alert()->from == tls::Alert::From::us);
  REQUIRE(feed_copy(pair.server, drain(pair.client)));
  Reading told;
  read_all(pair.server, told);
  CHECK(told.has_failed);
  REQUIRE(pair.server.alert());
  CHECK(pair.server.alert()->name == "bad_record_mac");
  CHECK(pair.server.alert()->from == tls::Alert::From::peer);
}

TEST_CASE("a large write becomes full records and arrives whole") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  const std::string sent = pattern(900'000);
  REQUIRE(pair.client.write(sent));
  const std::size_t records = (sent.size() + 16383) / 16384;
  CHECK(pair.client.output().size() == sent.size() + records * (5 + 1 + 16));
  Reading reading;
  Pair::deliver(
      pair.client,
      pair.server,
      [](std::size_t size) { return std::min<std::size_t>(size, 65536); },
      [&] { read_all(pair.server, reading, 65536); });
  CHECK(reading.bytes == sent);
}

TEST_CASE("a write past the bound writes nothing and leaves the connection good [I10]", "[I10]") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.client.write(pattern(kLegPendingBytesMax)));
  const std::size_t before = pair.client.output().size();
  const auto more = pair.client.write(pattern(kLegPendingBytesMax / 2));
  REQUIRE_FALSE(more);
  CHECK(more.error().code == Errc::limit_exceeded);
  CHECK(pair.client.output().size() == before);
  Reading reading;
  const Cut cut = [](std::size_t size) {
    return std::min<std::size_t>(size, 65536);
  };
  Pair::deliver(pair.client, pair.server, cut, [&] { read_all(pair.server, reading, 65536); });
  REQUIRE(pair.client.write("after"));
  Pair::deliver(pair.client, pair.server, cut, [&] { read_all(pair.server, reading, 65536); });
  CHECK(reading.bytes == pattern(kLegPendingBytesMax) + "after");
}

TEST_CASE("ciphertext that nobody reads is bounded [I10]", "[I10]") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.client.write(pattern(kLegUnreadBytesMax)));
  const std::string bytes = drain(pair.client);
  REQUIRE(bytes.size() > kLegUnreadBytesMax);
  CHECK_FALSE(pair.server.feed(bytes));
  REQUIRE(pair.server.feed(std::string_view(bytes).substr(0, 100'000)));
  const auto rest = std::string_view(bytes).substr(100'000);
  const auto refused = pair.server.feed(rest);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::limit_exceeded);
  Reading reading;
  read_all(pair.server, reading);
  REQUIRE(pair.server.feed(rest));
  read_all(pair.server, reading);
  CHECK(reading.bytes == pattern(kLegUnreadBytesMax));
}

TEST_CASE("fed bytes are used where they are, or kept when their memory goes") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.client.write("one"));
  REQUIRE(pair.client.write("two"));
  std::string bytes = drain(pair.client);
  REQUIRE(pair.server.feed(bytes));
  std::array<char, 3> room{};
  REQUIRE(pair.server.read(room.data(), room.size())->size == 3);
  CHECK(pair.server.has_unread_input());
  pair.server.keep_unread_input();
  std::fill(bytes.begin(), bytes.end(), 'x');
  CHECK(pair.server.has_unread_input());
  REQUIRE(pair.server.read(room.data(), room.size())->size == 3);
  CHECK(std::string(room.data(), 3) == "two");
  CHECK_FALSE(pair.server.has_unread_input());
}

TEST_CASE("plaintext that did not fit is unread input, and half a record is not") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.client.write("0123456789"));
  const std::string bytes = drain(pair.client);
  REQUIRE(feed_copy(pair.server, std::string_view(bytes).substr(0, 12)));
  std::array<char, 6> room{};
  CHECK(pair.server.read(room.data(), room.size())->size == 0);
  CHECK_FALSE(pair.server.has_unread_input());
  REQUIRE(feed_copy(pair.server, std::string_view(bytes).substr(12)));
  CHECK(pair.server.read(room.data(), room.size())->size == 6);
  CHECK(pair.server.has_unread_input());
  CHECK(pair.server.read(room.data(), room.size())->size == 4);
  CHECK_FALSE(pair.server.has_unread_input());
}

TEST_CASE("close_notify is told apart from a stream that just ends") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.client.write("last words"));
  Reading reading;
  Pair::deliver(pair.client, pair.server, test::whole(), [&] { read_all(pair.server, reading); });
  CHECK(reading.bytes == "last words");
  CHECK_FALSE(reading.is_closed);  // if the socket ends now, that is a truncation
  pair.client.close();
  Pair::deliver(pair.client, pair.server, test::whole(), [&] { read_all(pair.server, reading); });
  CHECK(reading.is_closed);
  CHECK(pair.server.read(nullptr, 0)->is_closed);
  REQUIRE(pair.server.write("one may still answer"));
  Reading answer;
  Pair::deliver(pair.server, pair.client, test::whole(), [&] { read_all(pair.client, answer); });
  CHECK(answer.bytes == "one may still answer");
}

TEST_CASE("after close nothing can be written, and closing twice says it once") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  pair.client.close();
  const std::size_t said = pair.client.output().size();
  CHECK(said > 0);
  pair.client.close();
  CHECK(pair.client.output().size() == said);
  const auto written = pair.client.write("x");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::closed);
}

TEST_CASE("before the handshake is done nothing is read or written") {
  Pair pair = Pair::of();
  std::array<char, 10> room{};
  CHECK_FALSE(pair.client.write("early"));
  CHECK_FALSE(pair.server.read(room.data(), room.size()));
  pair.client.close();
  CHECK(pair.client.output().empty());
  CHECK(pair.shake());  // none of which did harm
}

TEST_CASE("an engine can be moved while its handshake is under way") {
  Pair pair = Pair::of();
  REQUIRE(pair.client.handshake());
  REQUIRE(feed_copy(pair.server, drain(pair.client)));
  REQUIRE(pair.server.handshake());
  tls::Engine moved = std::move(pair.client);
  REQUIRE(feed_copy(moved, drain(pair.server)));
  const auto done = moved.handshake();
  REQUIRE(done);
  CHECK(*done);
}

TEST_CASE("application data that follows the handshake in the same read is not lost") {
  Pair pair = Pair::of();
  REQUIRE(pair.client.handshake());
  REQUIRE(feed_copy(pair.server, drain(pair.client)));
  REQUIRE(pair.server.handshake());
  REQUIRE(feed_copy(pair.client, drain(pair.server)));
  REQUIRE(*pair.client.handshake());
  REQUIRE(pair.client.write("GET"));
  REQUIRE(feed_copy(pair.server, drain(pair.client)));  // Finished and the request
  REQUIRE(*pair.server.handshake());
  Reading reading;
  read_all(pair.server, reading);
  CHECK(reading.bytes == "GET");
}

TEST_CASE("a changed byte anywhere in the ciphertext breaks the connection [I4]", "[I4]") {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  REQUIRE(pair.server.write("account balance: 100"));
  std::string bytes = drain(pair.server);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  REQUIRE(feed_copy(pair.client, bytes));
  Reading reading;
  read_all(pair.client, reading);
  CHECK(reading.has_failed);
  CHECK(reading.bytes.empty());
  CHECK_FALSE(pair.client.output().empty());  // an alert
}

}  // namespace
}  // namespace keyswap
