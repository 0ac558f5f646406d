// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "vault/arena.h"

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

TEST_CASE("all who look for a secret at once share its forms, however many secrets there are",
          "[I1][I10]") {
  constexpr std::size_t kSecrets = 2 * base::bounds::kScrubbedSecretsMax;
  FormCache cache;
  std::vector<vault::Secret> secrets;
  std::vector<Scrubber> scrubbers;
  for (std::size_t i = 0; i < kSecrets; ++i) {
    secrets.push_back(secret_of(std::string(64, 'k') + std::to_string(i)));
    scrubbers.emplace_back(&cache);
    CHECK(scrubbers.back().add(secrets.back(), "<P>"));
  }
  const std::size_t free_with_all = vault::arena::free_bytes();
  for (std::size_t i = 0; i < kSecrets; ++i) {
    scrubbers.emplace_back(&cache);
    CHECK(scrubbers.back().add(secrets[i], "<P>"));
    base::Buffer out(1024);
    CHECK(scrubbers.back().feed(secrets[i].reveal(), true, out));
    CHECK(out.view() == "<P>");
  }
  CHECK(vault::arena::free_bytes() == free_with_all);
}

TEST_CASE("what is kept of forms that nobody uses is bounded, and goes when the cache is emptied",
          "[I1][I10]") {
  REQUIRE(vault::lock_memory());
  FormCache cache;
  const std::size_t free_before = vault::arena::free_bytes();
  for (const std::size_t size : {std::size_t{64}, std::size_t{1024}, std::size_t{8192}}) {
    for (int i = 0; i < 50; ++i) {
      const auto secret = secret_of(std::string(size, 'k') + std::to_string(i));
      CHECK(cache.find_or_write(secret, "<P>") != nullptr);
    }
  }
  CHECK(free_before - vault::arena::free_bytes() <= 2 * base::bounds::kFormCacheBytesMax);
  const auto in_use = cache.find_or_write(secret_of(kSecret), "<P>");
  cache.clear();
  CHECK(cache.find_or_write(secret_of(kSecret), "<P>") == in_use);
  cache.clear();
  CHECK(free_before - vault::arena::free_bytes() <= 1024);  // `in_use`
}

TEST_CASE("a secret so short that any text may have it is not looked for") {
  Scrubber scrubber;
  CHECK(scrubber.add(secret_of("status"), "<P>"));
  base::Buffer out(64);
  CHECK(scrubber.feed("{\"status\":200}", true, out));
  CHECK(out.view() == "{\"status\":200}");
}

}  // namespace keyswap::flow
