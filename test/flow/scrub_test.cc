// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

constexpr std::string_view kSecret = "abcabdREALkey0001";
constexpr std::string_view kOther = "abcabdX1";

vault::Secret secret_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  return vault::Secret::copy_of(text).value();
}

std::string scrubbed(std::string_view text, std::size_t piece) {
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of(kSecret), "<P>"));
  CHECK(scrubber.add(secret_of(kOther), "<Q>"));
  base::Buffer out(64 * 1024);
  std::string_view rest = text;
  while (rest.size() > piece) {
    CHECK(scrubber.feed(rest.substr(0, piece), false, out));
    rest.remove_prefix(piece);
  }
  CHECK(scrubber.feed(rest, true, out));
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a secret that comes back is its placeholder again, wherever the text is cut", "[I8]") {
  const std::string text = std::string(kSecret) + "abcab" + std::string(kSecret) + "-abc" +
                           std::string(kOther) + std::string(kSecret).substr(0, 16) + "." +
                           std::string(kSecret) + std::string(kSecret);
  const std::string expected = "<P>abcab<P>-abc<Q>abcabdREALkey000.<P><P>";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    CHECK(scrubbed(text, piece) == expected);
  }
}

TEST_CASE("the beginning of a secret at a message's end is not kept for the next", "[I8]") {
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of(kSecret), "<P>"));
  base::Buffer out(1024);
  CHECK(scrubber.feed("abcabdREAL", true, out));
  CHECK(scrubber.feed("key0001", true, out));
  CHECK(out.view() == "abcabdREALkey0001");
}

TEST_CASE("what cannot begin a secret goes on at once") {
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of(kSecret), "<P>"));
  base::Buffer out(1024);
  CHECK(scrubber.feed("hello abcab", false, out));
  CHECK(out.view() == "hello ");
  CHECK(scrubber.feed("c", false, out));
  CHECK(out.view() == "hello abc");
}

TEST_CASE("of too many secrets the first is not forgotten, but the last refused", "[I8]") {
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of(kSecret), "<P>"));
  for (std::size_t i = 1; i < base::bounds::kScrubbedSecretsMax; ++i) {
    CHECK(scrubber.add(secret_of("another-" + std::to_string(i)), "<Q>"));
  }
  CHECK_FALSE(scrubber.add(secret_of(kOther), "<R>"));
  CHECK(scrubber.add(secret_of(kSecret), "<P>"));
  base::Buffer out(1024);
  CHECK(scrubber.feed(kSecret, true, out));
  CHECK(out.view() == "<P>");
}

TEST_CASE("without a secret text passes as it is") {
  Scrubber scrubber;
  base::Buffer out(1024);
  CHECK(scrubber.feed("abcabdREALkey0001", false, out));
  CHECK(out.view() == "abcabdREALkey0001");
}

TEST_CASE("a secret is known in hex, in base64 wherever it begins, and percent-encoded", "[I8]") {
  constexpr std::string_view kOdd = "k/9+~\xff-secret=?";
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of(kOdd), "<P>"));
  const auto of = [&](const std::string& text) {
    base::Buffer out(4096);
    CHECK(scrubber.feed(text, true, out));
    return std::string(out.view());
  };
  const std::string odd(kOdd);
  std::string upper = base::to_hex(odd);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  CHECK(of("<" + base::to_hex(odd) + ">") == "<<P>>");
  CHECK(of(upper) == "<P>");
  CHECK(of("x=k%2F9%2B~%FF-secret%3D%3F&y") == "x=<P>&y");
  for (const std::string before : {"", "a", "ab", "abc", "user:"}) {
    for (const std::string after : {"", "z", "zz", ":tail"}) {
      const std::string whole = base::to_base64(before + odd + after);
      const std::string url = base::to_base64url(before + odd + after);
      CAPTURE(before, after, whole);
      // Of the whole no more is left than the characters that the neighbours share.
      CHECK(of(whole).size() <= whole.size() - base::to_base64(odd).size() + 3 + 8);
      CHECK(of(whole).find("<P>") != std::string::npos);
      CHECK(of(url).find("<P>") != std::string::npos);
    }
  }
}

TEST_CASE("a secret so short that any text may have it is not looked for") {
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of("status"), "<P>"));
  base::Buffer out(64);
  CHECK(scrubber.feed("{\"status\":200}", true, out));
  CHECK(out.view() == "{\"status\":200}");
}

TEST_CASE("however a text is cut, the same comes out, and no form of a secret in it", "[I8]") {
  std::mt19937 random(3);
  const auto some_text = [&](std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text += static_cast<char>('a' + random() % 3);
    }
    return text;
  };
  for (int round = 0; round < 200; ++round) {
    const std::vector<std::string> secrets = {some_text(8 + random() % 20), some_text(8) + "/+="};
    const auto forms = write_forms(secret_of(secrets[round % 2]), "");
    std::string text;
    for (int i = 0; i < 3; ++i) {
      text += some_text(random() % 40);
      text += forms->texts[random() % forms->texts.size()];
    }
    const auto scrubbed_in = [&](unsigned one_of) {
      Scrubber scrubber;
      CHECK(scrubber.add(secret_of(secrets[0]), "<P>"));
      CHECK(scrubber.add(secret_of(secrets[1]), "<Q>"));
      base::Buffer out(64 * 1024);
      std::size_t begun = 0;
      for (std::size_t at = 1; at < text.size(); ++at) {
        if (random() % one_of == 0) {
          CHECK(scrubber.feed(std::string_view(text).substr(begun, at - begun), false, out));
          begun = at;
        }
      }
      CHECK(scrubber.feed(std::string_view(text).substr(begun), true, out));
      return std::string(out.view());
    };
    CAPTURE(text, secrets);
    const std::string whole = scrubbed_in(1'000'000);
    CHECK(whole.find('<') != std::string::npos);
    for (const auto form : forms->texts) {
      CHECK(whole.find(form) == std::string::npos);
    }
    for (const unsigned one_of : {1, 2, 5, 17}) {
      CHECK(scrubbed_in(one_of) == whole);
    }
  }
}

TEST_CASE("text without a secret is not changed by a byte") {
  std::mt19937 random(4);
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += static_cast<char>(random());
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, text.size()}) {
    CHECK(scrubbed(text, piece) == text);
  }
}

TEST_CASE("an answer that is one secret behind the other is searched once", "[I8][I10]") {
  std::string text;
  std::string expected;
  while (text.size() < 60'000) {
    text += kOther;
    expected += "<Q>";
  }
  CHECK(scrubbed(text, text.size()) == expected);
}

}  // namespace keyswap::flow
