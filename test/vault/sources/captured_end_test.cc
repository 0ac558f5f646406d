// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/captured_end.h"

#include <algorithm>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using sample::kNow;
using sample::name_of;
using sample::secret_of;

struct KeptEnd {
  sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  SecretName name = name_of("OPENAI_API_KEY");
  Secret value = secret_of(sample::kOpenAiValue);

  void keep(const Secret& text) { REQUIRE(vault.add(captured_end_name(name), "", text, kNow)); }

  [[nodiscard]] std::optional<std::int64_t> end() const {
    const auto found = captured_end_of(vault, name, value);
    REQUIRE(found);
    return *found;
  }
};

}  // namespace

TEST_CASE("the end of a captured value is known of that value, and of no other") {
  KeptEnd kept;
  CHECK_FALSE(kept.end());
  kept.keep(captured_end_text("", kept.value, kNow + 60).value());
  CHECK(kept.end() == kNow + 60);
  kept.value = secret_of("put in by hand-0001");
  CHECK_FALSE(kept.end());
}

TEST_CASE("a value keeps its end when the one that was to replace it is not kept") {
  KeptEnd kept;
  const Secret next = secret_of("the next one-000001");
  const auto first = captured_end_text("", kept.value, kNow + 60).value();
  const auto both = captured_end_text(first.reveal(), next, kNow + 120).value();
  kept.keep(both);
  CHECK(kept.end() == kNow + 60);
  kept.value = next.share();
  CHECK(kept.end() == kNow + 120);
}

TEST_CASE("a value that comes again has the end that it came with last, or none") {
  KeptEnd kept;
  const auto first = captured_end_text("", kept.value, kNow + 60).value();
  CHECK(says_captured_end(first.reveal(), kept.value));
  SECTION("another end") {
    kept.keep(captured_end_text(first.reveal(), kept.value, kNow + 90).value());
    CHECK(kept.end() == kNow + 90);
  }
  SECTION("none") {
    const auto none = captured_end_text(first.reveal(), kept.value, std::nullopt).value();
    CHECK_FALSE(says_captured_end(none.reveal(), kept.value));
    kept.keep(none);
    CHECK_FALSE(kept.end());
  }
}

TEST_CASE("what is kept of ends does not grow with each value that comes") {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    const Secret value = secret_of("value number " + std::to_string(i));
    text = captured_end_text(text, value, kNow + i).value().reveal();
  }
  CHECK(std::ranges::count(text, ',') == 7);
  CHECK(says_captured_end(text, secret_of("value number 49")));
  CHECK(says_captured_end(text, secret_of("value number 42")));
  CHECK_FALSE(says_captured_end(text, secret_of("value number 41")));
}

TEST_CASE("what stands beside an entry and is no end of it is none") {
  KeptEnd kept;
  const std::string good(captured_end_text("", kept.value, kNow).value().reveal());
  const std::string text = GENERATE_COPY(good + "x", good.substr(0, 32), "0 5", good + " 5");
  kept.keep(secret_of(text));
  CHECK_FALSE(kept.end());
}

TEST_CASE("it is kept where no name of a user's is, says nothing of the value, and is not listed") {
  KeptEnd kept;
  const auto before = kept.vault.list().size();
  CHECK(captured_end_name(kept.name).is_internal());
  const auto text = captured_end_text("", kept.value, kNow).value();
  CHECK(text.reveal().find(sample::kOpenAiValue) == std::string_view::npos);
  kept.keep(text);
  CHECK(kept.vault.list().size() == before);
}

}  // namespace keyswap::vault
