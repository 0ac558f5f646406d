// SPDX-License-Identifier: Apache-2.0
//
// Every event in every situation of an exchange, whoever hands it in.
#include "proxy/flow/exchange_table.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "proxy/http/decoder.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
  B:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings: [ { host: api.example.test, rate_limit: { requests: 9, per: 1s }, max_body: 4000 } ]
  W:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { body: text, format: "{secret}" }
    bindings: [ { host: api.example.test, paths: [/w] } ]
  T:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: X-Token, format: "{secret}" }
    bindings: [ { host: other.example.test } ]
    capture: [ { host: api.example.test, paths: [/login], json_pointer: /token } ]
  A:
    placeholder: kswp_PLACEHOLDER_000000000005
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings: [ { host: api.example.test, paths: [/api/v3/account], approve: true } ]
)";

const std::string kBody =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1&timestamp=1";

using Events = std::vector<std::function<Event()>>;

template <typename Head>
Head head_of(http::Decoder::Role role, const std::string& text) {
  http::Decoder decoder(role);
  REQUIRE(decoder.next(text).kind == http::Step::Kind::head);
  if constexpr (std::is_same_v<Head, http::RequestHead>) {
    return decoder.take_request();
  } else {
    return decoder.take_response();
  }
}

Event client_head(const std::string& field) {
  return ClientHead{head_of<http::RequestHead>(
      http::Decoder::Role::request,
      "POST /api/v3/order HTTP/1.1\r\nHost: api.example.test\r\n" + field +
          "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
          "Transfer-Encoding: chunked\r\n\r\n")};
}

Event signed_head() {
  return client_head("X-MBX-APIKEY: kswp_PLACEHOLDER_000000000002");
}

Event plain_head() {
  return client_head("Authorization: Bearer kswp_PLACEHOLDER_000000000001");
}

// Too long to be held: a placeholder in its body is found while it is sent.
Event swap_head() {
  return ClientHead{head_of<http::RequestHead>(
      http::Decoder::Role::request,
      "POST /w HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 1000000\r\n\r\n")};
}

// What comes back is captured.
Event login_head() {
  return ClientHead{head_of<http::RequestHead>(
      http::Decoder::Role::request, "GET /login HTTP/1.1\r\nHost: api.example.test\r\n\r\n")};
}

// A person decides on it.
Event held_head() {
  return ClientHead{head_of<http::RequestHead>(
      http::Decoder::Role::request,
      "GET /api/v3/account?timestamp=1 HTTP/1.1\r\nHost: api.example.test\r\n"
      "X-MBX-APIKEY: kswp_PLACEHOLDER_000000000005\r\n\r\n")};
}

Event upstream_head() {
  return UpstreamHead{head_of<http::ResponseHead>(http::Decoder::Role::response,
                                                  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")};
}

Event secrets(std::size_t count) {
  SecretsReady ready;
  for (std::size_t i = 0; i < count; ++i) {
    ready.secrets.push_back(vault::Secret::copy_of("real-key-0001").value());
  }
  return ready;
}

template <typename Happened>
Event some() {
  return Happened{};
}

// One of each, in the order of flow::Event.
const Events kEach = {signed_head,
                      some<ClientRefused>,
                      [] { return ClientBody{kBody}; },
                      some<ClientEnd>,
                      some<ClientGone>,
                      some<Charged>,
                      some<Decided>,
                      [] { return secrets(2); },
                      [] { return SecretsUnavailable{"B"}; },
                      some<Dialed>,
                      some<DialFailed>,
                      [] { return RecordDone{true}; },
                      [] { return CaptureDone{true}; },
                      upstream_head,
                      [] { return UpstreamBody{"answer"}; },
                      some<UpstreamEnd>,
                      some<UpstreamBroken>,
                      some<NotWritten>,
                      some<TimedOut>,
                      some<Paused>};

const Events kSigned = {signed_head,
                        [] { return ClientBody{kBody}; },
                        some<ClientEnd>,
                        some<Charged>,
                        [] { return secrets(2); },
                        some<Dialed>};
const Events kUploading = {plain_head,
                           [] { return secrets(1); },
                           some<Dialed>,
                           [] {
                             return RecordDone{true};
                           }};

const Events kSwapping = {swap_head,
                          some<Dialed>,
                          [] { return RecordDone{true}; },
                          [] {
                            return ClientBody{"kswp_PLACEHOLDER_000000000003"};
                          }};

const Events kCapturing = {login_head,
                           some<Dialed>,
                           [] { return RecordDone{true}; },
                           upstream_head,
                           [] { return UpstreamBody{"{\"token\":\"captured-0001\"}"}; },
                           some<UpstreamEnd>};

Events after(Events events, const Events& more) {
  events.insert(events.end(), more.begin(), more.end());
  return events;
}

Events first(const Events& events, std::ptrdiff_t count) {
  return {events.begin(), events.begin() + count};
}

// What leads to each situation.
const std::vector<std::pair<Situation, Events>> kWays = {
    {Situation::awaiting_head, {}},
    {Situation::collecting, first(kSigned, 1)},
    {Situation::holding, {held_head}},
    {Situation::charging, first(kSigned, 3)},
    {Situation::fetching_secrets, first(kSigned, 4)},
    {Situation::dialing, first(kSigned, 5)},
    {Situation::recording, kSigned},
    {Situation::refusing, after(first(kSigned, 1), {some<ClientRefused>})},
    {Situation::uploading, kUploading},
    {Situation::swapping, kSwapping},
    {Situation::awaiting_answer, after(kUploading, {some<ClientEnd>})},
    {Situation::answering_early, after(kUploading, {upstream_head})},
    {Situation::swapping_early, after(kSwapping, {upstream_head})},
    {Situation::answering, after(kUploading, {some<ClientEnd>, upstream_head})},
    {Situation::capturing, kCapturing},
    {Situation::finished, {some<ClientGone>}},
};

struct Fixture {
  explicit Fixture(const Events& way = {}) {
    REQUIRE(vault::lock_memory());
    scratch = std::make_unique<vault::LockedBuffer>(
        vault::LockedBuffer::of_capacity(base::bounds::kSwappedHeadBytesMax).value());
    exchange = std::make_unique<Exchange>(Exchange::Setup{
        .destination = {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
        .bindings = test::bindings_of(kYaml),
        .request_id = "req1",
        .scratch = scratch.get(),
        .now_us = 1'700'000'000'000'000,
        .caller = "",
        .collected = CollectedShare(collected_bytes)});
    for (const auto& event : way) {
      exchange->on(event(), actions);
    }
  }

  // What it asks for, of kind Asked.
  template <typename Asked>
  [[nodiscard]] std::vector<const Asked*> asked() const {
    std::vector<const Asked*> found;
    for (const Action& action : actions) {
      if (const auto* one = std::get_if<Asked>(&action)) {
        found.push_back(one);
      }
    }
    return found;
  }

  [[nodiscard]] bool sends_upstream() const {
    return !asked<SendRequestHead>().empty() || !asked<SendRequestBody>().empty() ||
           !asked<EndRequest>().empty();
  }

  Fixture& on(Event event) {
    actions.clear();
    exchange->on(std::move(event), actions);
    return *this;
  }

  CollectedBytes collected_bytes;
  std::unique_ptr<vault::LockedBuffer> scratch;
  std::unique_ptr<Exchange> exchange;
  Actions actions;
};

void check_cut(const Fixture& fixture, Situation before) {
  CHECK(fixture.exchange->is_finished());
  CHECK(!fixture.sends_upstream());
  CHECK(fixture.asked<SendResponseHead>().empty());
  CHECK(fixture.asked<SendResponseBody>().empty());
  CHECK(fixture.asked<Record>().empty());
  REQUIRE(fixture.asked<Finish>().size() == 1);
  CHECK(fixture.asked<Finish>()[0]->client == ClientFate::abort);
  REQUIRE(fixture.asked<ReleaseUpstream>().size() == 1);
  CHECK(fixture.asked<ReleaseUpstream>()[0]->fate == UpstreamFate::discard);
  // A decision that says "allowed" does not stay without its end.
  const bool was_allowed = before == Situation::recording || before == Situation::uploading ||
                           before == Situation::swapping || before == Situation::awaiting_answer ||
                           before == Situation::answering_early ||
                           before == Situation::swapping_early || before == Situation::answering ||
                           before == Situation::capturing;
  CHECK(fixture.asked<RecordResponse>().size() == (was_allowed ? 1 : 0));
  // What was charged for something that was not sent is given back.
  const bool was_charged = before == Situation::fetching_secrets || before == Situation::dialing ||
                           before == Situation::recording;
  REQUIRE(fixture.asked<Settle>().size() == (was_charged ? 1 : 0));
  if (was_charged) {
    CHECK(fixture.asked<Settle>()[0]->fate == ChargeFate::not_sent);
  }
}

// What is put into a body was asked for alone.
Event happening(std::size_t number, Situation situation) {
  const bool is_in_body =
      situation == Situation::swapping || situation == Situation::swapping_early;
  Event event = kEach[number]();
  return is_in_body && std::holds_alternative<SecretsReady>(event) ? Event(secrets(1))
                                                                   : std::move(event);
}

bool is_of_upload(const Event& event) {
  return std::holds_alternative<ClientBody>(event) || std::holds_alternative<ClientEnd>(event);
}

}  // namespace

TEST_CASE("every event in every situation is taken, changes nothing, or cuts the exchange",
          "[I6][I10]") {
  REQUIRE(kEach.size() == std::variant_size_v<Event>);
  REQUIRE(kWays.size() == static_cast<std::size_t>(Situation::finished) + 1);
  for (const auto& [situation, way] : kWays) {
    for (std::size_t i = 0; i < kEach.size(); ++i) {
      CAPTURE(static_cast<int>(situation), i);
      Fixture fixture(way);
      REQUIRE(fixture.exchange->situation() == situation);
      const Event event = kEach[i]();
      REQUIRE(event.index() == i);
      const Fit fit = fit_of(situation, event);
      fixture.on(happening(i, situation));
      if (fit == Fit::ignored) {
        CHECK(fixture.actions.empty());
        CHECK(fixture.exchange->situation() == situation);
      } else if (fit == Fit::misfit) {
        check_cut(fixture, situation);
      } else if (fixture.sends_upstream()) {
        // I6: by a record that became durable, or the rest of an upload that had begun.
        const bool is_rest = is_of_upload(event) && (situation == Situation::uploading ||
                                                     situation == Situation::answering_early);
        CHECK((is_rest || std::holds_alternative<RecordDone>(event)));
      }
    }
  }
}

TEST_CASE("whatever two events come, an exchange comes to rest once its client is gone") {
  for (const auto& [situation, way] : kWays) {
    for (std::size_t one = 0; one < kEach.size(); ++one) {
      for (std::size_t another = 0; another < kEach.size(); ++another) {
        Fixture fixture(way);
        fixture.on(happening(one, fixture.exchange->situation()));
        fixture.on(happening(another, fixture.exchange->situation()));
        fixture.on(ClientGone{}).on(RecordDone{true});
        CHECK(fixture.exchange->is_finished());
        fixture.exchange.reset();
        CHECK(fixture.collected_bytes == 0);
      }
    }
  }
}

TEST_CASE("a refused body is no longer read, and what is left of it changes nothing", "[I10]") {
  const auto refuse =
      GENERATE(Events{some<ClientRefused>},  // breaks its framing
               Events(base::bounds::kRequestBodyPauseMs / base::bounds::kRequestBodyWindowMs,
                      some<TimedOut>),                                     // comes too slowly
               Events{[] { return ClientBody{std::string_view(kBody)}; },  // past max_body
                      [] {
                        static const std::string kLong(4000, 'x');
                        return ClientBody{kLong};
                      }},
               Events{[] { return ClientBody{"symbol=A&symbol=B"}; },
                      some<ClientEnd>});  // the signer refuses it
  for (const bool is_full : {false, true}) {
    Fixture fixture(first(kSigned, 1));
    CHECK(fixture.exchange->wants_body());
    if (is_full) {
      CollectedShare others(fixture.collected_bytes);
      REQUIRE(others.take(base::bounds::kSignedBodiesBytesMax - 1));  // too_busy
      fixture.on(ClientBody{kBody});
    } else {
      for (const auto& event : refuse) {
        fixture.on(event());
      }
    }
    REQUIRE(fixture.exchange->situation() == Situation::refusing);
    CHECK_FALSE(fixture.exchange->wants_body());
    for (int i = 0; i < 2; ++i) {
      CHECK(fixture.on(ClientBody{kBody}).actions.empty());
      CHECK(fixture.on(ClientRefused{}).actions.empty());
      CHECK(fixture.on(ClientEnd{}).actions.empty());
    }
    fixture.on(RecordDone{true});
    CHECK(!fixture.sends_upstream());
    REQUIRE(fixture.asked<SendResponseHead>().size() == 1);
    CHECK(fixture.asked<SendResponseHead>()[0]->head.status >= 400);
    CHECK(fixture.exchange->is_finished());
    fixture.exchange.reset();
    CHECK(fixture.collected_bytes == 0);
  }
}

TEST_CASE("a body is asked for when it may be handed in, and at no other time") {
  for (const auto& [situation, way] : kWays) {
    CAPTURE(static_cast<int>(situation));
    const Fixture fixture(way);
    CHECK(fixture.exchange->wants_body() == (fit_of(situation, ClientBody{"x"}) == Fit::taken));
  }
}

}  // namespace keyswap::flow
