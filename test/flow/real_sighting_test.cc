// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/real_sighting.h"

#include <array>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "proxy/http/decoder.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const std::string kKey = "sk-real-0123456789/abc\"x";
const std::string kOther = "the-exchange-key-00001";
const std::string kPin = "pin-42";

SharedSearch search_of_all() {
  REQUIRE(vault::lock_memory());
  const std::array wanted = {WantedSecret{kKey, "K", "<K>"},
                             WantedSecret{kOther, "X", "<X>"},
                             WantedSecret{kPin, "PIN", "<PIN>"}};
  auto search = SecretSearch::make(wanted);
  REQUIRE(search != nullptr);
  return search;
}

std::string told(const RealSightings& seen) {
  std::string text;
  for (const RealSighting& one : seen) {
    text += one.secret + " " + std::string(to_string(one.where)) + " " +
            std::string(to_string(one.encoding)) + "\n";
  }
  return text;
}

http::RequestHead head_of(const std::string& line, const std::string& fields = "") {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(line + " HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n");
  REQUIRE(step.kind == http::Step::Kind::head);
  return decoder.take_request();
}

std::string seen_in_head(const std::string& line, const std::string& fields = "") {
  const http::RequestHead head = head_of(line, fields);
  RealSightings seen;
  see_real_values(*search_of_all(), head, head.target, seen);
  return told(seen);
}

std::string seen_in_body(const SharedSearch& search, std::string_view text, std::size_t piece) {
  RealValueWatch watch(search);
  while (!text.empty()) {
    const std::size_t size = piece == 0 ? text.size() : std::min(piece, text.size());
    watch.look(text.substr(0, size));
    text.remove_prefix(size);
  }
  watch.end();
  return told(watch.seen());
}

}  // namespace

TEST_CASE("a real value is seen wherever it stands in a head, and in which form") {
  CHECK(seen_in_head("GET /v1/x") == "");
  CHECK(seen_in_head("GET /v1/x", "Authorization: Bearer " + kOther + "\r\n") ==
        "X header plain\n");
  CHECK(seen_in_head("GET /v1/x", "X: Basic " + base::to_base64("joe:" + kOther) + "\r\n") ==
        "X header base64\n");
  CHECK(seen_in_head("GET /v1/x", "X-" + kOther + ": 1\r\n") == "X header plain\n");
  CHECK(seen_in_head("GET /a/" + kOther + "/b") == "X path plain\n");
  CHECK(seen_in_head("GET /a?k=" + kOther) == "X query plain\n");
  CHECK(seen_in_head("GET /a?k=sk%2Dreal-0123456789%2fabc%22x") == "K query escaped\n");
  CHECK(seen_in_head("GET /a/" + base::to_hex(kOther)) == "X path hex\n");
  CHECK(seen_in_head(kOther + " /") == "X method plain\n");
  CHECK(seen_in_head("GET /a/" + kPin) == "");  // too short: any text may have it
}

TEST_CASE("a real value is seen before the path of a target, too") {
  CHECK(seen_in_head("CONNECT " + kOther + ".a.test:443") == "X host plain\n");
  CHECK(seen_in_head("CONNECT joe:" + kOther + "@a.test:443") == "X host plain\n");
  CHECK(seen_in_head("CONNECT a.test:443", "Proxy-Old: " + kOther + "\r\n") == "X header plain\n");
  CHECK(seen_in_head("GET https://joe:" + kOther + "@a.test/b?c") == "X host plain\n");
  CHECK(seen_in_head("GET https://a.test/" + kOther + "?c") == "X path plain\n");
  CHECK(seen_in_head("GET https://a.test?c=" + kOther) == "X query plain\n");
  CHECK(seen_in_head("GET /to/https://a.test/" + kOther) == "X path plain\n");
}

TEST_CASE("of a head no more than is worth it is looked through, and of escapes less", "[I10]") {
  const auto lines = [](std::size_t count, const std::string& value) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
      all += "N" + std::to_string(i) + ": " + value + "\r\n";
    }
    return all;
  };
  const std::string with_key = "Authorization: Bearer " + kOther + "\r\n";
  const std::string escaped = "X: %74he-exchange-key-00001\r\n";
  CHECK(seen_in_head("GET /v1/x", lines(7, std::string(2000, 'a')) + with_key) ==
        "X header plain\n");
  CHECK(seen_in_head("GET /v1/x", lines(8, std::string(2043, 'a')) + with_key).empty());
  CHECK(seen_in_head("GET /v1/x", lines(1, std::string(3900, '%')) + escaped) ==
        "X header escaped\n");
  CHECK(seen_in_head("GET /v1/x", lines(2, std::string(2040, '%')) + escaped).empty());
  CHECK(seen_in_head("GET /v1/x", lines(2, std::string(2040, '%')) + with_key) ==
        "X header plain\n");
  const std::string long_path = "GET /" + std::string(5000, 'a');
  CHECK(seen_in_head(long_path + "%20/" + kOther) == "X path plain\n");
  CHECK(seen_in_head(long_path + "/%74he-exchange-key-00001").empty());
}

TEST_CASE("each kind is told once, and past the bound each secret", "[I10]") {
  const auto search = search_of_all();
  CHECK(seen_in_body(search, kOther + " " + kOther, 0) == "X body plain\n");
  RealSightings full(base::bounds::kFindingsMax, {"OTHER", SeenIn::body, Encoding::plain});
  const http::RequestHead head = head_of("GET /" + kOther + "?" + kOther);
  CHECK(see_real_values(*search, head, head.target, full));
  CHECK(full.size() == base::bounds::kFindingsMax + 1);
}

TEST_CASE("a text shows names in place of all real values, the short ones too", "[I1]") {
  const auto search = search_of_all();
  CHECK(
      mask_real_values(*search, "/a/" + kOther + "/" + kPin + "?x=sk%2Dreal-0123456789/abc%22x") ==
      "/a/<X>/<PIN>?x=<K>");
  CHECK(mask_real_values(*search, "/v1/models") == "/v1/models");
}

TEST_CASE("what is seen of a body does not depend on where it is cut", "[I15]") {
  const auto search = search_of_all();
  const std::array texts = {std::string(R"({"k":"sk-real-0123456789/abc\"x","n":1})"),
                            std::string(R"({"k":"sk-real-0123456789\/abc\u0022x"})"),
                            "k=sk%2Dreal-0123456789%2Fabc%22x&o=" + kOther,
                            base::to_base64("a:" + kOther) + "\n" + base::to_hex(kOther),
                            kOther,
                            std::string("the-exchange-key-0000 \\\\\\ the-exchange-key-0000"),
                            std::string("nothing here % \\ & <")};
  for (const std::string& text : texts) {
    const std::string whole = seen_in_body(search, text, 0);
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      CAPTURE(text, piece);
      REQUIRE(seen_in_body(search, text, piece) == whole);
    }
  }
  CHECK(seen_in_body(search, texts[0], 0) == "K body escaped\n");
  CHECK(seen_in_body(search, texts[2], 0) == "K body escaped\nX body plain\n");
  CHECK(seen_in_body(search, texts[3], 0) == "X body base64\nX body hex\n");
  CHECK(seen_in_body(search, texts[5], 0) == "");
}

TEST_CASE("a value is seen with the piece that has its last byte, wherever it began") {
  const auto search = search_of_all();
  for (std::size_t at = 1; at < kOther.size(); ++at) {
    RealValueWatch watch(search);
    watch.look("some text, " + kOther.substr(0, at));
    CHECK(watch.seen().empty());
    watch.look(kOther.substr(at));
    CHECK(told(watch.seen()) == "X body plain\n");
  }
}

TEST_CASE("a text that comes byte by byte is searched a few times, however much is kept of it",
          "[I10]") {
  REQUIRE(vault::lock_memory());
  // Always the beginning of a value, and never the whole of it.
  std::string value;
  while (value.size() < 900) {
    value += "part-" + std::to_string(1000 + value.size()) + "-";
  }
  const std::array wanted = {WantedSecret{value, "LONG", "<LONG>"}};
  const SharedSearch search = SecretSearch::make(wanted);
  REQUIRE(search != nullptr);
  RealValueWatch watch(search);
  constexpr std::size_t kRounds = 40;
  const std::string_view beginning = std::string_view(value).substr(0, value.size() - 1);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const char& byte : beginning) {
      watch.look({&byte, 1});
    }
  }
  CHECK(watch.seen().empty());
  constexpr std::uint64_t kTimes = 40;
  CHECK(watch.searched_bytes() < kTimes * kRounds * beginning.size());
  for (const char& byte : " " + value) {
    watch.look({&byte, 1});
  }
  watch.end();
  CHECK(told(watch.seen()) == "LONG body plain\n");
}

TEST_CASE("random texts with a value in them, cut at random, show it", "[I15]") {
  const auto search = search_of_all();
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
  const std::string alphabet = "ask-rel0123%\\&\"/ \n" + kOther;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      text += alphabet[random() % alphabet.size()];
    }
    text += " " + kOther + " ";
    RealValueWatch watch(search);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 9;
      watch.look(std::string_view(text).substr(at, size));
      at += size;
    }
    CHECK(told(watch.seen()).find("X body plain") != std::string::npos);
  }
}

TEST_CASE("an entry that names the destination says what becomes of a value, else any does") {
  const auto bindings = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: open.test }
      - { host: shut.test, real_value: refuse }
  PAIR:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: Authorization, template: "{{ A + B }}" }
    compose: [ A, B ]
    bindings: [ { host: open.test, real_value: refuse } ]
  FREE:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: open.test } ]
)");
  const auto refusing = [&](const std::string& secret, const std::string& host) {
    const RealSighting seen{secret, SeenIn::body, Encoding::plain};
    return refusing_rule(*bindings, {host, 443, http::HostKind::name}, std::span(&seen, 1));
  };
  CHECK(refusing("K", "open.test") == std::nullopt);
  CHECK(refusing("K", "shut.test") == 0U);
  CHECK(refusing("K", "elsewhere.test") == 0U);
  CHECK(refusing("B", "open.test") == 1U);
  CHECK(refusing("FREE", "open.test") == std::nullopt);
  CHECK(refusing("FREE", "elsewhere.test") == std::nullopt);
  CHECK(refusing("GONE", "open.test") == std::nullopt);
}

}  // namespace keyswap::flow
