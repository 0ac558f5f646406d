// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/secret_lane.h"

#include <array>
#include <optional>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bounds.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

using Answer = net::SecretFetch::Answer;

const char* const kGetSecret =
    "GET https://h.test/k/1 HTTP/1.1\r\nHost: h.test\r\n"
    "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n\r\n";

constexpr std::uint32_t kBoth = 0;  // rules of routed(): of K and L, and of K alone
constexpr std::uint32_t kAlone = 1;

// Of K and L those come from one source elsewhere.
bindings::Bindings routed(const std::vector<std::string>& names) {
  auto parsed = bindings::parse(R"(
allow_users: ["*"]
upstream: { resolve: { "h.test:443": "127.0.0.1:1001" } }
secrets:
  BOTH:
    placeholder: kswp_PLACEHOLDER_000000000001
    compose: [K, L]
    inject: { header: Authorization, template: "{{ K }}:{{ L }}" }
    bindings: [ { host: h.test } ]
  K:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.test } ]
)",
                                "/nowhere",
                                {});
  REQUIRE(parsed.errors.empty());
  vault::SourceTable::Routes routes;
  for (const std::string& name : names) {
    routes.emplace(*vault::SecretName::parse(name), vault::Route{0, name, ""});
  }
  parsed.bindings.sources = std::make_shared<const vault::SourceTable>(
      std::vector<vault::SourceSpec>(1), std::move(routes));
  return std::move(parsed.bindings);
}

// Asks for what the only rule of the net's bindings needs.
struct Asking {
  void begin() { begin(*net.context.policy.bindings, 0); }

  void begin(const bindings::Bindings& bindings, std::uint32_t rule) {
    const std::array places = {flow::PlaceOf{rule, 0}};
    fetch.begin(bindings, places, "", [this](Answer came) { told.emplace(std::move(came)); });
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

TEST_CASE("secrets are asked for by the table of the policy that the request began with", "[I14]") {
  const auto bindings = routed({"K"});
  Asking asking;
  asking.begin(bindings, kAlone);
  REQUIRE(asking.has_secrets());
  REQUIRE(asking.net.secrets.by.size() == 1);
  CHECK(asking.net.secrets.by[0] == bindings.sources);
}

TEST_CASE("what a source elsewhere does not give is told as what it is, with when to come again",
          "[I13]") {
  using flow::SecretFault;
  const auto bindings = routed({"K"});
  const auto told_of = [&](base::Errc code, std::int64_t number) {
    Asking asking;
    asking.net.secrets.failures.emplace("K", base::Error{code, "the test", number});
    asking.begin(bindings, kAlone);
    REQUIRE(asking.told);
    return std::get<flow::SecretsUnavailable>(*asking.told);
  };
  CHECK(told_of(base::Errc::network, 4).fault == SecretFault::source_down);
  CHECK(told_of(base::Errc::network, 4).retry_after_ms == 4000);
  CHECK(told_of(base::Errc::wrong_passphrase, 4).fault == SecretFault::source_shut);
  CHECK(told_of(base::Errc::wrong_passphrase, 4).retry_after_ms == 0);
  CHECK(told_of(base::Errc::not_found, 0).fault == SecretFault::not_there);
  CHECK(told_of(base::Errc::corrupt, 0).fault == SecretFault::not_readable);
  CHECK(told_of(base::Errc::unavailable, 0).fault == SecretFault::no_room);
  CHECK(told_of(base::Errc::timed_out, 0).fault == SecretFault::late);
}

TEST_CASE("F09 parts that one source gave before and after it was emptied do not go together") {
  const auto bindings = routed({"K", "L"});
  Asking asking;
  auto& secrets = asking.net.secrets;
  secrets.values["L"] = "other";
  secrets.generations = {{"K", 0}, {"L", 1}};
  secrets.delays_ms["L"] = FakeSource::kNever;
  asking.begin(bindings, kBoth);
  CHECK(asking.waiting_count() == 1);
  secrets.generations["K"] = 1;
  REQUIRE(secrets.answer());
  asking.net.settle();
  CHECK_FALSE(asking.told);  // all of it is asked for once more
  REQUIRE(secrets.answer());
  asking.net.settle();
  REQUIRE(asking.has_secrets());
  CHECK(secrets.asked() == 4);
  CHECK(std::get<flow::SecretsReady>(*asking.told).secrets.size() == 2);
}

TEST_CASE("F09 parts that do not go together a second time are a 503") {
  const auto bindings = routed({"K", "L"});
  Asking asking;
  asking.net.secrets.values["L"] = "other";
  asking.net.secrets.generations = {{"K", 0}, {"L", 1}};
  asking.begin(bindings, kBoth);
  REQUIRE(asking.told);
  REQUIRE(std::holds_alternative<flow::SecretsUnavailable>(*asking.told));
  CHECK(std::get<flow::SecretsUnavailable>(*asking.told).fault == flow::SecretFault::source_down);
  CHECK(asking.net.secrets.asked() == 4);
  CHECK(asking.waiting_count() == 0);
}

TEST_CASE("F09 fields of one value that are of two answers do not go together") {
  const auto bindings = routed({"K", "L"});
  Asking asking;
  auto& secrets = asking.net.secrets;
  secrets.values["L"] = "other";
  SECTION("and are asked for once more") {
    secrets.parts = {{"K", {"db", 1}}, {"L", {"db", 2}}};
    secrets.delays_ms["L"] = FakeSource::kNever;
    asking.begin(bindings, kBoth);
    secrets.parts["K"] = {"db", 2};
    REQUIRE(secrets.answer());
    asking.net.settle();
    CHECK_FALSE(asking.told);
    REQUIRE(secrets.answer());
    asking.net.settle();
    CHECK(asking.has_secrets());
    CHECK(secrets.asked() == 4);
  }
  SECTION("but fields of two values do") {
    secrets.parts = {{"K", {"db", 1}}, {"L", {"mail", 2}}};
    asking.begin(bindings, kBoth);
    CHECK(asking.has_secrets());
    CHECK(secrets.asked() == 2);
  }
}

TEST_CASE("F09 parts of the local vault and of a source go together whatever was emptied") {
  const auto bindings = routed({"L"});
  Asking asking;
  asking.net.secrets.values["L"] = "other";
  asking.net.secrets.generations = {{"L", 7}};
  asking.begin(bindings, kBoth);
  CHECK(asking.has_secrets());
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

TEST_CASE("who refuses a credential is told to the source elsewhere that gave it") {
  Asking asking;
  auto& secrets = asking.net.secrets;
  secrets.values["L"] = "other";
  asking.begin(routed({}), kBoth);
  asking.fetch.tell_refused();
  CHECK(secrets.refusals.empty());  // the vault of this machine is not asked anew
  const auto bindings = routed({"L"});
  asking.begin(bindings, kBoth);
  asking.fetch.tell_refused();
  CHECK(secrets.refusals == std::vector<std::string>{"L other"});
  CHECK(secrets.by.back() == bindings.sources);  // I14
}

TEST_CASE("a 401 says that a credential was refused, and a 403 says something else") {
  const std::string status = GENERATE("401 Unauthorized", "403 Forbidden");
  MemoryNet net;
  net.context.policy.bindings = std::make_shared<const bindings::Bindings>(routed({"K", "L"}));
  net.secrets.values["L"] = "other";
  Peer& client = net.connect();
  client.say(kGetSecret);
  net.settle();
  Peer& host = net.answer_dial();
  host.serve_tls("h.test");
  net.settle_durably();
  host.say("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
  net.settle_durably();
  CHECK(client.take_heard().find(status) != std::string::npos);
  CHECK(net.secrets.refusals.size() == (status.starts_with("401") ? 2 : 0));
}

}  // namespace keyswap::test
