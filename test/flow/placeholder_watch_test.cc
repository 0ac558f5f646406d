// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/placeholder_watch.h"

#include <array>
#include <random>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/support/rounds.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kQ = "https://PLACEHOLDER.example/a%2Fb?c=\"d";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
  Q:
    placeholder: 'https://PLACEHOLDER.example/a%2Fb?c="d'
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
)";

SeenRules seen_in(const bindings::Bindings& bindings, std::string_view text, std::size_t piece) {
  PlaceholderWatch watch(bindings);
  while (!text.empty()) {
    const std::size_t size = piece == 0 ? text.size() : std::min(piece, text.size());
    watch.look(text.substr(0, size));
    text.remove_prefix(size);
  }
  return watch.seen();
}

std::string percent_encoded(std::string_view text, std::uint32_t which) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((which >> (i % 32) & 1U) == 0) {
      escaped += text[i];
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4U];
      escaped += kHex[byte & 0xFU];
    }
  }
  return escaped;
}

std::string json_escaped(std::string_view text, std::uint32_t which) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((which >> (i % 32) & 1U) != 0) {
      escaped += std::string("\\u00") + kHex[byte >> 4U] + kHex[byte & 0xFU];
    } else if (text[i] == '"' || text[i] == '\\' || (text[i] == '/' && which % 3 == 0)) {
      escaped += std::string("\\") + text[i];
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

std::string noise(std::mt19937& random, std::size_t size) {
  constexpr std::string_view kAlphabet = "abz019 {}\":,./+=_-%\\u\n&kswp";
  std::string text;
  while (text.size() < size) {
    text += kAlphabet[random() % kAlphabet.size()];
  }
  return text;
}

}  // namespace

TEST_CASE("a placeholder is seen in each of its forms, wherever the text is cut", "[I2][I15]") {
  const auto bindings = test::bindings_of(kYaml);
  const std::vector<std::string> forms = {
      kP,
      percent_encoded(kP, 1),
      percent_encoded(kP, 0xFFFFFFFF),
      percent_encoded(kP, 0x0F0F0F0F),
      json_escaped(kP, 2),
      json_escaped(kP, 0xFFFFFFFF),
      json_escaped(percent_encoded(kP, 5), 0x10),
      base::to_base64(kP),
      base::to_base64("u:" + kP),
      base::to_base64url("~?" + kP + "?~"),
      percent_encoded(base::to_base64("user:" + kP), 0x11111111),
      json_escaped(base::to_base64("user:" + kP), 0x11111111),
  };
  for (const std::string& form : forms) {
    for (const std::string& before : {std::string(),
                                      std::string("{\"a\": \"%\\"),
                                      noise(*std::make_unique<std::mt19937>(1), 900)}) {
      const std::string text = before + " " + form + "\"}";
      CAPTURE(text);
      SeenRules whole;
      see_placeholders(*bindings, text, whole);
      CHECK(whole == SeenRules{0});
      for (std::size_t piece = 0; piece <= form.size() + 2; ++piece) {
        CAPTURE(piece);
        REQUIRE(seen_in(*bindings, text, piece) == SeenRules{0});
      }
    }
  }
}

TEST_CASE("of what is almost a placeholder nothing is seen") {
  const auto bindings = test::bindings_of(kYaml);
  for (const std::string& text : {kP.substr(1),
                                  kP.substr(0, kP.size() - 1),
                                  percent_encoded(kP.substr(1), 7),
                                  json_escaped(kP.substr(1), 7),
                                  base::to_base64(kP.substr(1)),
                                  kP.substr(0, 10) + "%%" + kP.substr(10)}) {
    CAPTURE(text);
    CHECK(seen_in(*bindings, text + " " + text, 0).empty());
    CHECK(seen_in(*bindings, text + " " + text, 1).empty());
  }
}

TEST_CASE("all that could be swapped is seen, and every other form, on mutated texts",
          "[I2][rounds]") {
  const auto bindings = test::bindings_of(kYaml);
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto bits = [&] {
    return static_cast<std::uint32_t>(random());
  };
  for (std::size_t round = test::rounds(20'000); round > 0; --round) {
    const bool is_first = random() % 2 == 0;
    const std::string& placeholder = is_first ? kP : kQ;
    std::string inside = placeholder;
    switch (random() % 6) {
      case 0:
        break;
      case 1:
        // Its own escape must not become another one.
        inside = percent_encoded(placeholder, is_first ? bits() : 0xFFFFFFFF);
        break;
      case 2:
        inside = json_escaped(placeholder, bits());
        break;
      case 3:
        inside = base::to_base64(noise(random, random() % 5) + placeholder);
        break;
      case 4:
        inside =
            percent_encoded(base::to_base64url(noise(random, random() % 5) + placeholder), bits());
        break;
      default:
        inside =
            json_escaped(is_first ? percent_encoded(placeholder, bits()) : placeholder, bits());
    }
    const std::string text =
        noise(random, random() % 1500) + "&" + inside + "&" + noise(random, random() % 100);
    const std::size_t piece = random() % 3 == 0 ? 0 : 1 + random() % 200;
    const auto found = seen_in(*bindings, text, piece);
    CAPTURE(text, piece);
    REQUIRE(std::find(found.begin(), found.end(), is_first ? 0U : 1U) != found.end());
  }
}

}  // namespace keyswap::flow
