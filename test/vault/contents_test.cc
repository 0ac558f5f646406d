// SPDX-License-Identifier: Apache-2.0
#include "vault/contents.h"

#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using sample::holds;
using sample::kOpenAiValue;
using sample::kStripeValue;

constexpr const char* kSwap =
    "CREATE TEMP TABLE t AS SELECT * FROM credentials;"
    "UPDATE credentials SET (encrypted_key, nonce) = "
    "(SELECT encrypted_key, nonce FROM t WHERE t.id != credentials.id);";

bool is_as_made(const Contents& contents) {
  const auto found = contents.credentials.find(sample::name_of("STRIPE_KEY"));
  return contents.credentials.size() == 2 && contents.system.size() == 1 &&
         holds(contents, "OPENAI_API_KEY", kOpenAiValue) &&
         holds(contents, "STRIPE_KEY", kStripeValue) &&
         found->second->row.created_at == 1'750'000'002 &&
         found->second->row.last_used_at == 1'750'000'100 && found->second->row.service == "Stripe";
}

// True when the file is refused as a whole, or everything in it is as it was.
bool is_refused_or_unharmed(const std::string& path) {
  const auto contents = sample::load_sample(path);
  return !contents || is_as_made(*contents);
}

}  // namespace

TEST_CASE("A vault of format 1 opens with what was put in") {
  const sample::TempDir dir;
  const auto contents = sample::load_sample(sample::make_sample(dir));
  REQUIRE(contents);
  REQUIRE(is_as_made(*contents));
}

TEST_CASE("how many entries are keyswap's own is known, whatever comes and goes") {
  Contents contents;
  const SecretName user = sample::name_of("K");
  const SecretName own = SecretName::internal(user, "#expires");
  contents.put(user, std::make_unique<Entry>());
  CHECK(contents.internal_count == 0);
  contents.put(own, std::make_unique<Entry>());
  contents.put(own, std::make_unique<Entry>());  // in place of the one of before
  CHECK(contents.internal_count == 1);
  contents.erase(user);
  contents.erase(user);
  CHECK(contents.internal_count == 1);
  contents.erase(own);
  contents.erase(own);
  CHECK(contents.internal_count == 0);
}

TEST_CASE("F04 VA-01 no byte of the file can be flipped into another secret") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string whole = sample::read_file(path);
  REQUIRE(sample::load_sample(path));
  constexpr std::size_t kStepThroughZeros = 61;  // pages are mostly empty; no multiple of a page
  std::size_t refused = 0;
  std::size_t flips = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] == 0 && i % kStepThroughZeros != 0) {
      continue;
    }
    std::string spoilt = whole;
    spoilt[i] = static_cast<char>(spoilt[i] ^ (1 << i % 8));
    sample::write_file(path, spoilt);
    const auto contents = sample::load_sample(path);
    INFO("byte " << i);
    REQUIRE((!contents || is_as_made(*contents)));
    refused += contents ? 0U : 1U;
    ++flips;
  }
  // Not by ignoring the file: most of what is written in it matters.
  REQUIRE(flips > 2000);
  REQUIRE(refused > flips / 2);
}

TEST_CASE("VA-01 a file cut at any page or odd place, or with a page of zeros, is refused") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string whole = sample::read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += 2048) {
    sample::write_file(path, std::string_view(whole).substr(0, size));
    INFO("cut at " << size);
    REQUIRE_FALSE(sample::load_sample(path));
  }
  for (std::size_t page = 0; page < whole.size(); page += 4096) {
    std::string zeroed = whole;
    std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(page), 4096, '\0');
    sample::write_file(path, zeroed);
    INFO("zeros at " << page);
    REQUIRE_FALSE(sample::load_sample(path));
  }
  sample::write_file(path, whole);
  REQUIRE(is_refused_or_unharmed(path));
}

TEST_CASE("VA-04 every change of a row with SQL is noticed") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto sql = GENERATE(
      as<std::string>(),
      kSwap,
      "UPDATE credentials SET name='X' WHERE name='STRIPE_KEY'",
      "UPDATE credentials SET service='x' WHERE name='STRIPE_KEY'",
      "UPDATE credentials SET created_at=created_at+1 WHERE name='STRIPE_KEY'",
      "UPDATE credentials SET last_used_at=1 WHERE name='STRIPE_KEY'",
      "UPDATE credentials SET last_used_at=NULL",
      "UPDATE credentials SET id='x' WHERE service='Stripe'",
      "DELETE FROM credentials WHERE name='STRIPE_KEY'",
      "DELETE FROM credentials",
      "DELETE FROM system_secrets",
      "UPDATE system_secrets SET name='other'",
      "INSERT INTO credentials SELECT 'x', service, name, encrypted_key, nonce, created_at, "
      "last_used_at FROM credentials WHERE name='STRIPE_KEY'",
      "INSERT INTO credentials VALUES('x','s','bad name',X'00',X'00',1,NULL)",
      "UPDATE vault_manifest SET nonce=zeroblob(24)",
      "UPDATE vault_manifest SET encrypted_manifest=X''",
      "UPDATE vault_header SET vault_id=X'00'");
  sample::run_sql(path, sql);
  const auto contents = sample::load_sample(path);
  REQUIRE_FALSE(contents);
  REQUIRE(contents.error().code == base::Errc::corrupt);
}

TEST_CASE("VA-04 an older version of a row put back is noticed, although it would open") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  auto store = Store::open(path);
  REQUIRE(store);
  const auto before = load_contents(*store, sample::sample_sealer());
  REQUIRE(before);
  // The owner writes the row anew, with the same identity, and the manifest after it.
  const Sealer& sealer = sample::sample_sealer();
  CredentialRow row = before->credentials.at(sample::name_of("STRIPE_KEY"))->row;
  const Sealed old = row.sealed;
  const auto fresh = sealer.seal_credential(identity_of(row), sample::secret_of("new-value"));
  REQUIRE(fresh);
  row.sealed = *fresh;
  row.last_used_at.reset();
  Digests digests = before->digests;
  digests[digest_key(row)] = digest_of(sealer, row);
  const auto manifest = sealer.seal_manifest(manifest_of(before->generation + 1, digests));
  REQUIRE(manifest);
  REQUIRE(store->update(row));
  REQUIRE(store->write_manifest(*manifest));
  const auto after = load_contents(*store, sealer);
  REQUIRE(after);
  REQUIRE(holds(*after, "STRIPE_KEY", "new-value"));
  // Somebody puts the old box back: it opens by itself, the vault does not.
  row.sealed = old;
  REQUIRE(sealer.open_credential(identity_of(row), old));
  REQUIRE(store->update(row));
  REQUIRE(load_contents(*store, sealer).error().code == base::Errc::corrupt);
}

TEST_CASE("The manifest's digest does not depend on the order in which rows were read") {
  const Digests digests = {{"b", std::string(32, 'b')}, {"a", std::string(32, 'a')}};
  REQUIRE(manifest_of(1, digests).digest ==
          digest_of_all(std::string(32, 'a') + std::string(32, 'b')));
  REQUIRE(manifest_of(1, digests).row_count == 2);
}

}  // namespace keyswap::vault
