// SPDX-License-Identifier: Apache-2.0
//
// docs/vault-format.md followed by hand: from the passphrase to a value with libsodium and SQLite
// alone. What this reader cannot open, the page does not describe.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sodium.h>

#include "test/support/quick_kdf.h"
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

std::string number(std::int64_t value) {
  std::string bytes;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xffU);
  }
  return bytes;
}

std::string field(std::string_view text) {
  return number(static_cast<std::int64_t>(text.size())) + std::string(text);
}

const unsigned char* raw(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// H of the page: the label and the fields already encoded.
std::string hash(const std::string& key, std::string_view label, const std::string& fields) {
  const std::string message = field(label) + fields;
  std::string digest(32, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()),
                     32,
                     raw(message),
                     message.size(),
                     key.empty() ? nullptr : raw(key),
                     key.size());
  return digest;
}

std::string open_box(const std::string& box, const std::string& nonce, const std::string& key) {
  std::string plain(box.size() - 16, '\0');
  REQUIRE(crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(plain.data()),
                                     raw(box),
                                     box.size(),
                                     raw(nonce),
                                     raw(key)) == 0);
  return plain;
}

// The columns of one row, integers already encoded as the page says.
std::vector<std::string> columns(base::Database& database,
                                 std::string_view sql,
                                 std::string_view kinds) {
  auto statement = database.prepare(sql);
  REQUIRE(statement);
  const auto row = statement->step();
  REQUIRE(row);
  REQUIRE(*row);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const int column = static_cast<int>(i);
    values.push_back(kinds[i] == 'i' ? number(statement->integer(column))
                                     : std::string(statement->blob(column)));
  }
  return values;
}

}  // namespace

TEST_CASE(
    "F02 the format's page leads from the passphrase to a value, the manifest and its digest") {
  const test::RealKdf real_kdf;
  const sample::TempDir dir;
  auto database = base::Database::open(sample::make_sample(dir), base::Database::Mode::read_only);
  REQUIRE(database);
  const auto header = columns(*database,
                              "SELECT vault_id, created_at, kdf, kdf_memory_bytes, kdf_passes, "
                              "kdf_salt, nonce, encrypted_data_key, checksum FROM vault_header",
                              "bibiibbbb");
  const std::string& vault_id = header[0];
  const std::string parameters =
      field(vault_id) + header[1] + field(header[2]) + header[3] + header[4] + field(header[5]);
  REQUIRE(hash("",
               "keyswap vault v1 header checksum",
               parameters + field(header[6]) + field(header[7])) == header[8]);

  std::string stretched(32, '\0');
  REQUIRE(crypto_pwhash(reinterpret_cast<unsigned char*>(stretched.data()),
                        32,
                        sample::kPassphrase.data(),
                        sample::kPassphrase.size(),
                        raw(header[5]),
                        3,
                        268'435'456,
                        crypto_pwhash_ALG_ARGON2ID13) == 0);
  const std::string wrapping_key = hash(stretched, "keyswap vault v1 wrapping key", parameters);
  const std::string data_key = open_box(header[7], header[6], wrapping_key);

  const auto stripe = columns(*database,
                              "SELECT id, service, name, created_at, last_used_at, nonce, "
                              "encrypted_key FROM credentials WHERE name='STRIPE_KEY'",
                              "bbbiibb");
  const std::string identity =
      field(vault_id) + field(stripe[0]) + field(stripe[1]) + field(stripe[2]) + stripe[3];
  REQUIRE(
      open_box(stripe[6], stripe[5], hash(data_key, "keyswap vault v1 credential key", identity)) ==
      sample::kStripeValue);

  const auto openai = columns(*database,
                              "SELECT id, service, name, created_at, nonce, encrypted_key FROM "
                              "credentials WHERE name='OPENAI_API_KEY'",
                              "bbbibb");
  const auto system =
      columns(*database, "SELECT name, nonce, encrypted_value FROM system_secrets", "bbb");
  const std::string digests =
      hash(data_key,
           "keyswap vault v1 credential digest",
           field(vault_id) + field(openai[0]) + field(openai[1]) + field(openai[2]) + openai[3] +
               number(0) + number(0) + field(openai[4]) + field(openai[5])) +
      hash(data_key,
           "keyswap vault v1 credential digest",
           identity + number(1) + stripe[4] + field(stripe[5]) + field(stripe[6])) +
      hash(data_key,
           "keyswap vault v1 system digest",
           field(vault_id) + field(system[0]) + field(system[1]) + field(system[2]));
  const auto manifest =
      columns(*database, "SELECT encrypted_manifest, nonce FROM vault_manifest", "bb");
  REQUIRE(open_box(manifest[0],
                   manifest[1],
                   hash(data_key, "keyswap vault v1 manifest key", field(vault_id))) ==
          "keyswap-canary-1" + number(4) + number(3) +
              hash("", "keyswap vault v1 table digest", field(digests)));
  REQUIRE(
      open_box(system[2],
               system[1],
               hash(data_key, "keyswap vault v1 system key", field(vault_id) + field(system[0])))
          .size() == 32);
}

}  // namespace keyswap::vault
