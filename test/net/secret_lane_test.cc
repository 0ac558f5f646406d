// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/secret_lane.h"

#include <array>
#include <optional>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

using Answer = net::SecretFetch::Answer;

const char* const kGetSecret =
    "GET https://h.test/k/1 HTTP/1.1\r\nHost: h.test\r\n"
    "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n\r\n";

// Asks for what the only rule of the net's bindings needs.
struct Asking {
  void begin() {
    const std::array places = {flow::PlaceOf{0, 0}};
    fetch.begin(*net.context.policy.bindings, places, "", [this](Answer came) {
      told.emplace(std::move(came));
    });
  }

  [[nodiscard]] bool has_secrets() const {
    return told && std::holds_alternative<flow::SecretsReady>(*told);
  }

  [[nodiscard]] std::size_t waiting_count() const { return net.context.secrets->waiting_count(); }

  MemoryNet net;
  net::SecretFetch fetch{*net.context.secrets};
  std::optional<Answer> told;
};

}  // namespace

TEST_CASE("secrets that are there come at once, and what cannot be had is told at once", "[I13]") {
  Asking asking;
  asking.net.secrets.is_empty = GENERATE(true, false);
  asking.begin();
  REQUIRE(asking.told);
  CHECK(asking.has_secrets() == !asking.net.secrets.is_empty);
  CHECK(asking.waiting_count() == 0);
}

TEST_CASE("the entries of several places come as one answer, in the order of the places") {
  Asking asking;
  asking.net.secrets.delays_ms["K"] = FakeSource::kNever;
  const std::array places = {flow::PlaceOf{0, 0}, flow::PlaceOf{0, 0}};
  asking.fetch.begin(*asking.net.context.policy.bindings, places, "", [&](Answer came) {
    asking.told.emplace(std::move(came));
  });
  CHECK(asking.waiting_count() == 2);
  REQUIRE(asking.net.secrets.answer());
  asking.net.settle();
  CHECK_FALSE(asking.told);
  REQUIRE(asking.net.secrets.answer());
  asking.net.settle();
  REQUIRE(asking.has_secrets());
  CHECK(std::get<flow::SecretsReady>(*asking.told).secrets.size() == 2);
}

TEST_CASE("secrets that come later come on the loop, once") {
  Asking asking;
  asking.net.secrets.delays_ms["K"] = FakeSource::kNever;
  asking.begin();
  CHECK(asking.waiting_count() == 1);
  REQUIRE(asking.net.secrets.answer());
  CHECK_FALSE(asking.told);
  asking.net.settle();
  CHECK(asking.has_secrets());
  CHECK(asking.waiting_count() == 0);
}

TEST_CASE("an answer for which nobody waits any more is dropped", "[I1]") {
  Asking asking;
  asking.net.secrets.delays_ms["K"] = FakeSource::kNever;
  asking.begin();
  const bool is_answered_before = GENERATE(true, false);
  if (is_answered_before) {
    REQUIRE(asking.net.secrets.answer());
  }
  asking.fetch.cancel();
  if (!is_answered_before) {
    REQUIRE(asking.net.secrets.answer());
  }
  asking.net.settle();
  CHECK_FALSE(asking.told);
  CHECK(asking.waiting_count() == 0);
}

TEST_CASE("a stream waits for its secret so long and no longer, and what comes late harms nobody",
          "[I10][I13]") {
  MemoryNet net;
  net.secrets.delays_ms["K"] = FakeSource::kNever;
  Peer& client = net.connect();
  client.say(kGetSecret);
  net.settle();
  CHECK(net.context.secrets->waiting_count() == 1);
  net.pass(base::bounds::kSecretFetchMs);
  net.settle_durably();
  CHECK(client.take_heard().find("Keyswap-Reason: secret_unavailable\r\n") != std::string::npos);
  CHECK(net.context.secrets->waiting_count() == 0);
  REQUIRE(net.secrets.answer());
  net.settle();
  CHECK(client.take_heard().empty());

  net.secrets.delays_ms.clear();
  client.say(kGetSecret);
  net.settle();
  Peer& host = net.answer_dial();
  host.serve_tls("h.test");
  net.settle_durably();
  CHECK(host.heard.find(kHeaderSecret) != std::string::npos);
}

}  // namespace keyswap::test
