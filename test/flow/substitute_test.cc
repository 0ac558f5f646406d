// SPDX-License-Identifier: Apache-2.0
//
// A credential on its way to its place, whichever that is: here besides a header one that the
// program does not have (test/support/fake_placement.h).
#include "proxy/flow/substitute.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bytes.h"
#include "test/support/fake_placement.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kP2 = "kswp_PLACEHOLDER_000000000002";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer:{secret}" }
    bindings: [ { host: api.example.test } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Key, format: "{secret}" }
    bindings: [ { host: api.example.test } ]
)";

// Each secret may stand in the query, too.
Script script() {
  auto parsed = bindings::parse(kYaml, "/nowhere", {});
  REQUIRE(parsed.errors.empty());
  auto bindings = std::make_shared<bindings::Bindings>(std::move(parsed.bindings));
  for (auto& rule : bindings->rules) {
    test::add_query_placement(rule);
  }
  return Script(bindings);
}

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n";
}

using keyswap::test::has;

}  // namespace

TEST_CASE("a secret goes to the place its placeholder stands in, of several that it may have",
          "[I5]") {
  Script query = script();
  query.client(get("/v1?key=" + kP, "X-Other: 1\r\n"));
  CHECK(has(query.transcript(), "to upstream (secret): GET /v1?key=Bearer:real-key-0001 HTTP/1.1"));
  CHECK(has(query.sent_upstream(), "X-Other: 1\r\n"));
  Script header = script();
  header.client(get("/v1", "authorization: " + kP + "\r\n"));
  CHECK(has(header.sent_upstream(), "GET /v1 HTTP/1.1\r\n"));
  CHECK(has(header.sent_upstream(), "authorization: Bearer:real-key-0001\r\n"));
}

TEST_CASE("a placeholder that no placement of its rule holds there stays what it is", "[I2]") {
  Script elsewhere = script();
  elsewhere.client(get("/v1?other=" + kP));
  CHECK(has(elsewhere.sent_upstream(), "GET /v1?other=" + kP));
  CHECK(has(elsewhere.transcript(), "denied untargeted_location"));
}

TEST_CASE("two secrets in one place, or in two places, are one too many", "[I5]") {
  for (const auto& request :
       {get("/v1?" + kP2 + "?key=" + kP), get("/v1?key=" + kP, "X-Key: " + kP2 + "\r\n")}) {
    Script both = script();
    both.client(request);
    CHECK(has(both.transcript(), "refused ambiguous_placeholder_match"));
    CHECK(both.sent_upstream().empty());
  }
}

TEST_CASE("a value that cannot stand in its place is refused before anything is recorded",
          "[I9][I13]") {
  Script broken = script();
  broken.vault["K"] = "real#key-0001";
  broken.client(get("/v1?key=" + kP));
  CHECK(has(broken.transcript(), "refused secret_unavailable"));
  CHECK(broken.sent_upstream().empty());
  Script header = script();
  header.vault["K"] = "real#key-0001";
  header.client(get("/v1", "Authorization: " + kP + "\r\n"));
  CHECK(has(header.sent_upstream(), "Bearer:real#key-0001"));
}

TEST_CASE("of a credential that is only checked nothing stays in the scratch", "[I1]") {
  const auto bindings = test::bindings_of(kYaml);
  REQUIRE(vault::lock_memory());
  auto scratch = vault::LockedBuffer::of_capacity(2'000);
  REQUIRE(scratch);
  std::vector<vault::Secret> secrets;
  secrets.push_back(vault::Secret::copy_of("real-key-0001").value());
  http::HeaderList fields;
  fields.add("Authorization", kP);
  const std::vector<Use> uses = {{0, 0, 0, bindings::Spot{0, 0, kP.size()}}};
  const Credentials credentials{*bindings, uses, secrets, 0, {fields, "/"}};
  CHECK(check_credentials(credentials, *scratch));
  CHECK(scratch->size() == 0);
  bindings::Edits edits;
  CHECK(place_credentials(credentials, *scratch, edits));
  CHECK(scratch->reveal() == "Bearer:real-key-0001");
  // The head has to fit behind it, too, before anything is recorded as allowed.
  fields.add("X-Long", std::string(1'000, 'x'));
  CHECK_FALSE(check_credentials(credentials, *scratch));
  CHECK(scratch->size() == 0);
  CHECK(place_credentials(credentials, *scratch, edits));
  auto small = vault::LockedBuffer::of_capacity(8);
  REQUIRE(small);
  CHECK_FALSE(place_credentials(credentials, *small, edits));
  CHECK(small->size() == 0);
}

namespace {

const char* const kPlaces = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: x-api-key, format: "{secret}", companions: { anthropic-version: "2023-06-01" } }
      - { header: Authorization, format: "Bearer {secret}" }
      - { header: x-list, format: "{secret}", replace: token }
      - { query: key, max_occurrences: 2 }
      - { path: "/bot{secret}/**", max_occurrences: 2 }
      - { cookie: sid }
      - { basic: both }
    together_with: [K2]
    bindings:
      - { host: api.example.test, quota: { requests: 5, per: day }, max_body: 10 }
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: [ { basic: password }, { query: token } ]
    bindings:
      - { host: api.example.test, rate_limit: { requests: 5, per: 1m }, max_body: 4, response_timeout: 9s }
)";

std::string basic(const std::string& pair) {
  return "Authorization: Basic " + base::to_base64(pair) + "\r\n";
}

struct Values {
  std::string k = "real-key-0001";
  std::string k2 = "real-key-0002";
};

Script placed(const std::string& request, const Values& values = {}, std::size_t piece = 0) {
  Script script(test::bindings_of(kPlaces));
  script.vault = {{"K", values.k}, {"K2", values.k2}};
  script.client(request, piece);
  return script;
}

// What reached the upstream.
std::string sent(const std::string& request, const Values& values = {}) {
  std::string whole = placed(request, values).sent_upstream();
  for (std::size_t piece = 1; piece < 4; ++piece) {
    CHECK(placed(request, values, piece).sent_upstream() == whole);  // I15
  }
  return whole;
}

}  // namespace

TEST_CASE("A04 of a header with a token nothing but the token changes", "[I5][I15]") {
  CHECK(sent(get("/", "X-List: Custom foo=" + kP + ", bar=1\r\n")) ==
        get("/", "X-List: Custom foo=real-key-0001, bar=1\r\n"));
  CHECK(sent(get("/", "X-List: a, x" + kP + "\r\n")) == get("/", "X-List: a, x" + kP + "\r\n"));
}

TEST_CASE("D06 F03 Basic credentials are decoded, swapped and encoded again", "[I5][I15]") {
  CHECK(sent(get("/", basic("x-access-token:" + kP))) ==
        get("/", basic("x-access-token:real-key-0001")));
  CHECK(sent(get("/", basic(kP + ":")), {"a:b", ""}).empty());  // I9: a colon ends the user
  CHECK(sent(get("/", basic(":" + kP)), {"a:b \xc3\xbc", ""}) == get("/", basic(":a:b \xc3\xbc")));
  CHECK(sent(get("/", "Authorization: bASIC  " + base::to_base64(":" + kP) + "\r\n")) ==
        get("/", "Authorization: bASIC  " + base::to_base64(":real-key-0001") + "\r\n"));
}

TEST_CASE("D07 a query's parameter gets the value percent-encoded, all else as it came",
          "[I5][I9][I15]") {
  CHECK(sent(get("/v1?a=%41&&key=" + kP + "&b=?")) == get("/v1?a=%41&&key=real-key-0001&b=?"));
  CHECK(sent(get("/v1?key=" + kP), {"a&b=c d#%", ""}) == get("/v1?key=a%26b%3Dc%20d%23%25"));
}

TEST_CASE("D18 a path's segment gets the value, and stays one segment", "[I5][I9][I15]") {
  CHECK(sent(get("/bot" + kP + "/getMe?x"), {"123:AA/..?", ""}) ==
        get("/bot123:AA%2F..%3F/getMe?x"));
  Script dots = placed(get("/bot" + kP + "/x"), {"..", ""});
  CHECK(has(dots.transcript(), "refused secret_unavailable"));
  CHECK(has(placed(get("/bot" + kP + "/x")).transcript(), "GET /bot<K>/x\n"));
}

TEST_CASE("D18 a cookie gets the value, and the others stay", "[I5][I9][I15]") {
  CHECK(sent(get("/", "Cookie: a=1;sid=\"" + kP + "\" ;b\r\n")) ==
        get("/", "Cookie: a=1;sid=\"real-key-0001\" ;b\r\n"));
  CHECK(sent(get("/", "Cookie: sid=" + kP + "\r\n"), {"a;b", ""}).empty());
}

TEST_CASE("A18 A19 A20 a value that would end a line, or a string, leaves at no place", "[I9]") {
  const auto at_each_place = {get("/", "X-Api-Key: " + kP + "\r\n"),
                              get("/", "X-List: " + kP + "\r\n"),
                              get("/", "Cookie: sid=" + kP + "\r\n"),
                              get("/", basic(":" + kP)),
                              get("/?key=" + kP),
                              get("/bot" + kP + "/")};
  for (const auto& request : at_each_place) {
    for (const std::string& value : {std::string("a\0b", 3),
                                     std::string("a\r\nX: y"),
                                     std::string("a\n"),
                                     std::string("\na")}) {
      Script script = placed(request, {value, ""});
      CHECK(has(script.transcript(), "refused secret_unavailable"));
      CHECK(script.sent_upstream().empty());
    }
  }
  CHECK(has(sent(get("/", "X-Api-Key: " + kP + "\r\n"), {"\xc3\xbc", ""}), "\xc3\xbc"));
}

TEST_CASE("A15 A16 a companion goes along where the client sent none of its own") {
  CHECK(sent(get("/", "X-Api-Key: " + kP + "\r\n")) ==
        get("/", "X-Api-Key: real-key-0001\r\nanthropic-version: 2023-06-01\r\n"));
  CHECK(sent(get("/", "Anthropic-Version: 1\r\nX-Api-Key: " + kP + "\r\n")) ==
        get("/", "Anthropic-Version: 1\r\nX-Api-Key: real-key-0001\r\n"));
  CHECK_FALSE(has(sent(get("/", "Authorization: Bearer " + kP + "\r\n")), "anthropic"));
}

TEST_CASE("a client cannot suppress a companion by keeping its own to the connection",
          "[I9][I15]") {
  const std::string asked = sent(get("/",
                                     "Connection: close, anthropic-version\r\nAnthropic-Version: "
                                     "1\r\nX-Api-Key: " +
                                         kP + "\r\n"));
  CHECK(has(asked, "Anthropic-Version: 2023-06-01\r\n"));
  CHECK_FALSE(has(asked, "Version: 1\r\n"));
}

TEST_CASE("several credentials whose head would not fit are refused before they are recorded",
          "[I6][I10]") {
  Script both(test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: x-list, format: "{secret}", replace: token }
    together_with: [K2]
    bindings: [ { host: api.example.test } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { cookie: sid }
    bindings: [ { host: api.example.test } ]
)"));
  // Each line fits for itself; with the values, and written once more, both are too much.
  const std::string key(1'900, 'k');
  both.vault = {{"K", key}, {"K2", key}};
  both.client(get("/",
                  "X-List: " + std::string(30'000, 'l') + " " + kP +
                      "\r\nCookie: a=" + std::string(30'000, 'c') + "; sid=" + kP2 + "\r\n"));
  CHECK(has(both.transcript(), "record refused secret_unavailable"));
  CHECK_FALSE(has(both.transcript(), "record allowed"));
  CHECK(both.sent_upstream().empty());
}

TEST_CASE("two secrets in one request are charged, fetched at once, and recorded in one batch",
          "[I6][limits]") {
  Script both = placed(get("/x?token=" + kP2, "X-Api-Key: " + kP + "\r\n"));
  CHECK(both.transcript() ==
        "charge 0\ncharge 0\nfetch K\nfetch K2\ndial\n"
        "record allowed binding_matched K +allowed K2 GET /x\n"
        "to upstream (secret): GET /x?token=real-key-0002 HTTP/1.1\\r\\nHost: api.example.test"
        "\\r\\nX-Api-Key: real-key-0001\\r\\nanthropic-version: 2023-06-01\\r\\n\\r\\n\n");
}

TEST_CASE("the halves of one pair of Basic credentials may be two secrets", "[I5][I15]") {
  CHECK(sent(get("/", basic(kP + ":" + kP2))) == get("/", basic("real-key-0001:real-key-0002")));
  CHECK(sent(get("/?key=" + kP + "&token=" + kP2)) ==
        get("/?key=real-key-0001&token=real-key-0002"));
  CHECK(sent(get("/?token=" + kP2 + "&key=" + kP)) ==
        get("/?token=real-key-0002&key=real-key-0001"));
}

TEST_CASE("one secret in two places is swapped in both, and each is recorded") {
  Script both = placed(get("/bot" + kP + "/x?key=" + kP));
  CHECK(has(both.sent_upstream(), "GET /botreal-key-0001/x?key=real-key-0001 HTTP/1.1"));
  CHECK(has(both.transcript(), "record allowed binding_matched K +allowed K GET /bot<K>/x\n"));
  CHECK(has(both.transcript(), "charge 0\nfetch K\nfetch K\n"));  // one scope, one call
  Script one = placed(get("/x?key=" + kP));
  CHECK(has(one.transcript(), "record allowed binding_matched K GET /x\n"));
}

TEST_CASE("a secret that is missing beside another is the one that the refusal is about", "[I13]") {
  Script script(test::bindings_of(kPlaces));
  script.vault = {{"K", "real-key-0001"}};
  script.client(get("/", basic(kP + ":" + kP2)));
  CHECK(has(script.transcript(), "record refused secret_unavailable K2 GET /\n"));
  CHECK(!has(script.transcript(), "allowed"));
  CHECK(has(script.transcript(), "charge released\n"));
  CHECK(has(script.sent_client(), R"("secret":"K2")"));
  CHECK(script.sent_upstream().empty());
}

TEST_CASE("of two scopes the narrower bound on a body and on the wait counts") {
  const std::string request = "POST /?key=" + kP + "&token=" + kP2 +
                              " HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: ";
  CHECK(has(placed(request + "5\r\n\r\n12345").transcript(), "refused body_too_large"));
  Script fits = placed(request + "4\r\n\r\n1234");
  CHECK(has(fits.sent_upstream(), "1234"));
  CHECK(fits.wait().ms == 9'000);
  const std::string chunked = "POST /?key=" + kP + "&token=" + kP2 +
                              " HTTP/1.1\r\nHost: api.example.test\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(has(placed(chunked + "5\r\n12345\r\n0\r\n\r\n").sent_client(), "HTTP/1.1 413 "));
}

TEST_CASE("what is too long once it is put together is not sent", "[I10]") {
  const std::string long_key(8'000, 'k');
  CHECK(has(sent(get("/?key=" + kP), {long_key, ""}), long_key));
  CHECK(sent(get("/" + std::string(300, 'a') + "?key=" + kP), {long_key, ""}).empty());
  CHECK(sent(get("/", basic(":" + kP)), {std::string(30'000, 'k'), ""}).empty());
}

TEST_CASE("a reverse route's credential is put where its place is, without a placeholder") {
  const auto reversed = [](const std::string& inject, const std::string& fields) {
    Script script(test::bindings_of(
        "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
        "    inject: " +
        inject + "\n    bindings: [ { host: api.example.test } ]\n"));
    script.reverse = ReverseUse{0, 0, "/x?a=1"};
    script.client(get("/proxy/n/x?a=1", fields));
    return script.sent_upstream();
  };
  CHECK(has(reversed("{ query: key }", ""), "GET /x?a=1&key=real-key-0001 HTTP/1.1\r\n"));
  CHECK(has(reversed("{ basic: user }", ""), basic("real-key-0001:").substr(15)));
  // I10: what is filled is held to what any target is.
  CHECK(
      reversed("{ query: key, format: \"" + std::string(2'800, '+') + "{secret}\" }", "").empty());
  CHECK(has(reversed("{ cookie: sid }", "Cookie: a=1; sid=2\r\n"),
            "Cookie: a=1; sid=real-key-0001\r\n"));
}

namespace {

// A request made of pieces at random, some with placeholders in or near their places.
std::string random_request(std::mt19937& random) {
  const auto one_of = [&](const std::vector<std::string>& choices) {
    return choices[random() % choices.size()];
  };
  const auto text = [&] {
    return one_of({kP, kP, kP2, "x" + kP, "a", "", "kswp%5F"});
  };
  std::string path = one_of({"/", "/bot" + text() + "/", "/bot" + text(), "/v1/" + text()});
  std::string query;
  while (random() % 3 == 0) {
    query +=
        (query.empty() ? "?" : "&") + one_of({"key=", "token=", "k%65y=", "other=", ""}) + text();
  }
  std::string fields;
  while (random() % 2 == 0) {
    fields += one_of({"X-Api-Key: " + text(),
                      "X-List: a=" + text() + ";" + text(),
                      "Cookie: a=1; sid=" + text() + "; " + text(),
                      "Authorization: Bearer " + text(),
                      "Authorization: Basic " + base::to_base64(text() + ":" + text()),
                      "X-Other: " + text()}) +
              "\r\n";
  }
  return get(path + query, fields);
}

// The part with the spots replaced, as plainly as can be.
std::string replaced(std::string text,
                     const std::vector<std::pair<bindings::Spot, std::string>>& swaps) {
  for (auto swap = swaps.rbegin(); swap != swaps.rend(); ++swap) {
    text.replace(swap->first.begin, swap->first.end - swap->first.begin, swap->second);
  }
  return text;
}

std::string expected(const http::RequestHead& head, const Verdict& verdict) {
  const auto part_of = [&](std::size_t part, std::string text) {
    std::vector<std::pair<bindings::Spot, std::string>> swaps;
    for (const Use& use : verdict.uses) {
      if (use.spot->part == part) {
        const std::string value = use.rule == 0 ? "realkey1" : "realkey2";
        const bool is_bearer = use.rule == 0 && use.place == 1;
        swaps.emplace_back(*use.spot, (is_bearer ? "Bearer " : "") + value);
      }
    }
    std::ranges::sort(swaps, {}, [](const auto& swap) { return swap.first.begin; });
    if (swaps.empty() || !swaps.front().first.is_in_basic) {
      return replaced(std::move(text), swaps);
    }
    const auto begin = text.find_last_of(' ') + 1;
    const auto pair = base::from_base64(text.substr(begin)).value();
    return text.substr(0, begin) + base::to_base64(replaced(pair, swaps));
  };
  std::string text =
      "GET " + part_of(head.fields.size(), std::string(head.target)) + " HTTP/1.1\r\n";
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    text += std::string(head.fields[i].name) + ": " +
            part_of(i, std::string(head.fields[i].value)) + "\r\n";
  }
  const bool has_companion = std::ranges::any_of(
      verdict.uses, [](const Use& use) { return use.rule == 0 && use.place == 0; });
  return text + (has_companion ? "anthropic-version: 2023-06-01\r\n" : "") + "\r\n";
}

}  // namespace

TEST_CASE("what is decided is what is sent, and nothing else, whatever the request", "[I2][I5]") {
  std::mt19937 random(20'260'101);
  const auto bindings = test::bindings_of(kPlaces);
  const Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
  std::size_t allowed_count = 0;
  for (int round = 0; round < 2'000; ++round) {
    const std::string request = random_request(random);
    INFO(request);
    http::Decoder decoder(http::Decoder::Role::request);
    REQUIRE(decoder.next(request).kind == http::Step::Kind::head);
    const auto head = decoder.take_request();
    const Verdict verdict = decide({head, head.target, destination, *bindings, ""});
    Script script(bindings);
    script.vault = {{"K", "realkey1"}, {"K2", "realkey2"}};
    script.client(request);
    if (verdict.decision == audit::Decision::refused) {
      CHECK(script.sent_upstream().empty());
    } else {
      CHECK(script.sent_upstream() == expected(head, verdict));
    }
    allowed_count += verdict.decision == audit::Decision::allowed ? 1 : 0;
  }
  CHECK(allowed_count > 200);
}

TEST_CASE("a text message is written with its secrets, as they stand where they come", "[I9]") {
  REQUIRE(vault::lock_memory());
  std::string yaml = kYaml;
  for (auto at = yaml.find("test }"); at != std::string::npos; at = yaml.find("test }", at)) {
    yaml.replace(at, 6, "test, websocket: true, ws_text: true }");
  }
  const auto bindings = test::bindings_of(yaml);
  const std::vector<PlaceOf> places = {{1, 1}, {0, 1}};
  const std::vector<TextPiece> pieces = {
      {"a\"", {}}, {"", places[1], true}, {"\" b ", {}}, {"", places[0]}, {"", places[1], true}};
  const auto written = [&](const std::string& first, const std::string& second) {
    std::vector<vault::Secret> secrets;
    secrets.push_back(vault::Secret::copy_of(first).value());
    secrets.push_back(vault::Secret::copy_of(second).value());
    const auto text = write_text({*bindings, pieces, places, secrets});
    return text ? std::string(text->reveal()) : "refused";
  };
  CHECK(written("one\"", "t\"w\no") == "a\"t\\\"w\\u000Ao\" b one\"t\\\"w\\u000Ao");
  CHECK(written("o\nne", "two") == "refused");
  CHECK(written("", "two") == "refused");
  CHECK(written("one", "t\xFFwo") == "refused");
  // A string inside of a string would be read twice.
  const std::vector<TextPiece> nested = {{"\"\\\"", {}}, {"", places[1], true, true}};
  const auto write_nested = [&](const std::string& value) {
    std::vector<vault::Secret> secrets;
    secrets.push_back(vault::Secret::copy_of("unused").value());
    secrets.push_back(vault::Secret::copy_of(value).value());
    return write_text({*bindings, nested, places, secrets}).has_value();
  };
  CHECK(write_nested("sk-0123/+=%&'"));
  CHECK_FALSE(write_nested("a\"b"));
  CHECK_FALSE(write_nested("a\\b"));
  CHECK_FALSE(write_nested("a\tb"));
}

TEST_CASE("a text message that grows past the bound is not written at all", "[I10]") {
  REQUIRE(vault::lock_memory());
  std::string yaml = kYaml;
  for (auto at = yaml.find("test }"); at != std::string::npos; at = yaml.find("test }", at)) {
    yaml.replace(at, 6, "test, websocket: true, ws_text: true }");
  }
  const auto bindings = test::bindings_of(yaml);
  const std::vector<PlaceOf> places = {{0, 1}};
  std::vector<vault::Secret> secrets;
  secrets.push_back(vault::Secret::copy_of("realkey1").value());
  const auto write = [&](std::size_t around) {
    const std::string text(around, ' ');
    const std::vector<TextPiece> pieces = {{text, {}}, {"", places[0]}};
    return write_text({*bindings, pieces, places, secrets});
  };
  const std::size_t room = base::bounds::kWebSocketMessageBytesMax - secrets[0].size();
  CHECK(write(room).value().size() == base::bounds::kWebSocketMessageBytesMax);
  CHECK(write(room + 1).error().code == base::Errc::limit_exceeded);
  // Even one that no locked memory could hold.
  CHECK(write(2 * vault::locked_memory_size()).error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::flow
