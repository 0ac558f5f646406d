// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/local.h"

#include "test/vault/sample.h"
#include "vault/sources/captured_end.h"

namespace keyswap::vault {

namespace {

using base::Errc;

// What the vault answers, at once.
FetchAnswer ask(LocalSource& source, const char* name, EntryKind kind = EntryKind::text) {
  bool is_told_later = false;
  auto answer = source.fetch(
      {.name = sample::name_of(name), .kind = kind, .now_s = sample::kNow, .deadline_us = 1},
      [&](const FetchAnswer&) { is_told_later = true; });
  REQUIRE(answer.has_value());
  CHECK_FALSE(is_told_later);
  return std::move(*answer);
}

}  // namespace

TEST_CASE("the vault of this machine answers at once, with the value or why there is none") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  LocalSource source(vault);
  const auto found = ask(source, "OPENAI_API_KEY");
  REQUIRE(found);
  CHECK(found->value.reveal() == sample::kOpenAiValue);
  CHECK_FALSE(found->expires_at.has_value());
  CHECK(ask(source, "NOT_THERE").error().code == Errc::not_found);
  CHECK(ask(source, "OPENAI_API_KEY", EntryKind::private_key).error().code == Errc::invalid_input);
  CHECK(vault.list().front().last_used_at == sample::kNow);
}

TEST_CASE("what was captured and is over is given to nobody who would use it") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  LocalSource source(vault);
  const SecretName name = sample::name_of("OPENAI_API_KEY");
  const Secret value = sample::secret_of(sample::kOpenAiValue);
  const std::int64_t end_s = GENERATE(sample::kNow - 1, sample::kNow, sample::kNow + 1);
  REQUIRE(
      vault.add(captured_end_name(name), "", *captured_end_text("", value, end_s), sample::kNow));
  const auto found = ask(source, "OPENAI_API_KEY");
  if (end_s > sample::kNow) {
    REQUIRE(found);
    CHECK(found->expires_at == end_s);
  } else {
    CHECK(found.error().code == Errc::expired);
  }
  // Whoever looks for it in what clients and upstreams say goes on to.
  const auto known = source.fetch({.name = name, .now_s = 0, .is_only_known = true}, nullptr);
  REQUIRE(known);
  CHECK(*known);
  // Another value, put in by hand, has no end.
  REQUIRE(vault.rotate(name, sample::secret_of("put in by hand-0001"), sample::kNow));
  CHECK(ask(source, "OPENAI_API_KEY")->value.reveal() == "put in by hand-0001");
}

TEST_CASE("a value has one version, and the value that replaces it another") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  LocalSource source(vault);
  const std::string before = ask(source, "OPENAI_API_KEY")->version;
  CHECK_FALSE(before.empty());
  CHECK(ask(source, "OPENAI_API_KEY")->version == before);
  // Even the same value within the same second.
  REQUIRE(vault.rotate(
      sample::name_of("OPENAI_API_KEY"), sample::secret_of(sample::kOpenAiValue), sample::kNow));
  CHECK(ask(source, "OPENAI_API_KEY")->version != before);
}

}  // namespace keyswap::vault
