// SPDX-License-Identifier: Apache-2.0
#include "vault/entry_rules.h"

#include <algorithm>
#include <set>

#include "proxy/base/bounds.h"
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using sample::name_of;
using sample::secret_of;

bool is_refused(const base::Status& status) {
  return !status && status.error().code == base::Errc::invalid_input;
}

}  // namespace

TEST_CASE("A18 A19 a value with a control character anywhere is refused, all else is taken",
          "[I9]") {
  for (int c = 0; c < 0x100; ++c) {
    const std::string byte(1, static_cast<char>(c));
    const bool is_control = c < 0x20 || c == 0x7f;
    INFO("byte " << c);
    for (const std::string& value : {byte, byte + "sk-1", "sk" + byte + "-1", "sk-1" + byte}) {
      REQUIRE(is_refused(check_value(secret_of(value))) == is_control);
    }
  }
}

TEST_CASE("A19 a value pasted with its line end is refused, not repaired", "[I9]") {
  const auto value = GENERATE(as<std::string>(), "sk-1\n", "sk-1\r\n", "\nsk-1", "sk\r\nX-Evil: 1");
  REQUIRE(is_refused(check_value(secret_of(value))));
}

TEST_CASE("A value has 1 to 65536 bytes, also one of the system's") {
  REQUIRE(is_refused(check_value(secret_of(""))));
  REQUIRE(is_refused(check_size(secret_of(""))));
  REQUIRE(check_value(secret_of(std::string(base::bounds::kSecretBytesMax, 'x'))));
  REQUIRE(is_refused(check_value(secret_of(std::string(base::bounds::kSecretBytesMax + 1, 'x')))));
  REQUIRE(is_refused(check_size(secret_of(std::string(base::bounds::kSecretBytesMax + 1, '\0')))));
}

TEST_CASE("A service is short and printable, or none") {
  REQUIRE(check_entry(name_of("A"), ""));
  REQUIRE(check_entry(name_of("A"), "OpenAI (work)"));
  REQUIRE(check_entry(name_of("A"), std::string(128, 's')));
  REQUIRE(is_refused(check_entry(name_of("A"), std::string(129, 's'))));
  REQUIRE(is_refused(check_entry(name_of("A"), "a\nb")));
  REQUIRE(is_refused(check_entry(name_of("A"), "B\xc3\xb6rse")));
  REQUIRE(is_refused(check_entry(name_of("A"), "\x1b[31m")));
}

TEST_CASE("The service of private keys cannot be given to a text") {
  REQUIRE(is_refused(check_entry(name_of("A"), "private-key")));
  REQUIRE(check_entry(name_of("A"), "private-keys"));
}

TEST_CASE("A name that was never parsed is none") {
  REQUIRE(is_refused(check_entry(SecretName(), "")));
}

TEST_CASE("Ids are random UUIDs of version 4") {
  // x is any digit, y one of the variant.
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_uuid();
    REQUIRE(std::ranges::equal(id, kForm, [](char c, char form) {
      const std::string_view allowed = form == 'x'   ? "0123456789abcdef"
                                       : form == 'y' ? "89ab"
                                                     : std::string_view(&form, 1);
      return allowed.find(c) != std::string_view::npos;
    }));
    ids.insert(id);
  }
  REQUIRE(ids.size() == 1000);
}

}  // namespace keyswap::vault
