// SPDX-License-Identifier: Apache-2.0
#include "bindings/template_functions.h"

#include <array>

#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

base::Result<std::string> call(std::string_view name,
                               const std::vector<std::string>& arguments,
                               std::int64_t now_s = 0) {
  const auto* const helper = find_template_helper(name);
  REQUIRE(helper != nullptr);
  REQUIRE(helper->arguments == arguments.size());
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  const auto size_max = helper->size_max(views[0].size());
  std::vector<char> out(size_max);  // exact, so that the sanitizer sees a byte too many
  const auto written = helper->apply(views, now_s, out.data());
  if (!written) {
    return written.error();
  }
  REQUIRE(*written <= size_max);
  return std::string(out.data(), *written);
}

std::string result_of(std::string_view name,
                      const std::vector<std::string>& arguments,
                      std::int64_t now_s = 0) {
  const auto result = call(name, arguments, now_s);
  REQUIRE(result.has_value());
  return *result;
}

std::string bytes(std::string_view hex) {
  return base::from_hex(hex).value();
}

}  // namespace

TEST_CASE("J02 b64encode gives RFC 4648's vectors") {
  CHECK(result_of("b64encode", {"f"}) == "Zg==");
  CHECK(result_of("b64encode", {"fo"}) == "Zm8=");
  CHECK(result_of("b64encode", {"foo"}) == "Zm9v");
  CHECK(result_of("b64encode", {"foobar"}) == "Zm9vYmFy");
  CHECK(result_of("b64encode", {bytes("fbff00")}) == "+/8A");
}

TEST_CASE("J04 b64decode gives the bytes back") {
  CHECK(result_of("b64decode", {"Zm9vOmJhcg=="}) == "foo:bar");
  CHECK(result_of("b64decode", {"+/8A"}) == bytes("fbff00"));
  CHECK(result_of("b64decode", {""}).empty());
}

TEST_CASE("J05 b64decode refuses what is not canonical base64") {
  const auto* const text = GENERATE("not-valid-base64!@#$",
                                    "===",
                                    "====",
                                    "Zg=",
                                    "Zg",
                                    "Zh==",
                                    "Zm9=",
                                    "Z===",
                                    "Zm9v\n",
                                    " Zm9",
                                    "Zg==Zg==",
                                    "Zm\xC3\xBC",
                                    "Zm-_");
  INFO(text);
  const auto result = call("b64decode", {text});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == base::Errc::invalid_input);
}

TEST_CASE("J06 sha256 is lower-case hex") {
  CHECK(result_of("sha256", {"hello"}) ==
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  CHECK(result_of("sha256", {"abc"}) == sha256_hex("abc"));
}

TEST_CASE("J07 urlencode leaves only unreserved characters") {
  CHECK(result_of("urlencode", {"a b/c?d"}) == "a%20b%2Fc%3Fd");
  CHECK(result_of("urlencode", {"AZaz09-._~"}) == "AZaz09-._~");
  CHECK(result_of("urlencode", {"\xC3\xBC%+"}) == "%C3%BC%25%2B");
}

TEST_CASE("J08 hmac_sha1 gives RFC 2202's first vector") {
  CHECK(result_of("hmac_sha1", {std::string(20, '\x0b'), "Hi There"}) ==
        "b617318655057264e28bc0b6fb378c8ef146be00");
}

TEST_CASE("hmac_sha256 and hmac_sha512 give RFC 4231's second vector") {
  CHECK(result_of("hmac_sha256", {"Jefe", "what do ya want for nothing?"}) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(result_of("hmac_sha512", {"Jefe", "what do ya want for nothing?"}) ==
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8"
        "f0e6fd"
        "caeab1a34d4a6b4b636e070a38bce737");
}

TEST_CASE("totp gives RFC 6238's codes, as six digits") {
  const std::string seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";  // "12345678901234567890"
  CHECK(result_of("totp", {seed}, 59) == "287082");
  CHECK(result_of("totp", {seed}, 1111111109) == "081804");
  CHECK(result_of("totp", {seed}, 1111111111) == "050471");
  CHECK(result_of("totp", {seed}, 1234567890) == "005924");
  CHECK(result_of("totp", {seed}, 2000000000) == "279037");
  CHECK(result_of("totp", {seed}, 20000000000) == "353130");
}

TEST_CASE("J11 a totp seed may have spaces, lower case and padding") {
  const auto* const seed = GENERATE("gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
                                    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
                                    "  gezdgnbvgy3tqojqgezdgnbvgy3tqojq  ");
  CHECK(result_of("totp", {seed}, 59) == "287082");
}

TEST_CASE("J11 a totp seed that is not base32 is refused") {
  const auto* const seed =
      GENERATE("", "=", "GEZ1", "GEZDG8", "AAA", "A", "ME=ME", "\xC3\xBC", "ME-ME");
  INFO(seed);
  CHECK_FALSE(call("totp", {seed}).has_value());
}

TEST_CASE("a short totp seed still leaves room for the code") {
  CHECK(result_of("totp", {"ME"}, 59).size() == 6);
}

TEST_CASE("every helper says what it does") {
  for (const auto& helper : template_helpers()) {
    INFO(helper.name);
    CHECK_FALSE(helper.help.empty());
    CHECK(find_template_helper(helper.name) == &helper);
  }
  CHECK(find_template_helper("upper") == nullptr);
}

}  // namespace keyswap::bindings
