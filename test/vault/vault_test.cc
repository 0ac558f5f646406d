// SPDX-License-Identifier: Apache-2.0
#include "vault/vault.h"

#include <thread>

#include "proxy/base/limits.h"
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

namespace limits = base::limits;
using base::Errc;
using sample::kNow;
using sample::kOpenAiValue;
using sample::kPassphrase;
using sample::kStripeValue;
using sample::name_of;
using sample::secret_of;

Errc open_refusal(const std::string& path, std::string_view passphrase) {
  const auto vault = Vault::open(path, secret_of(passphrase));
  REQUIRE_FALSE(vault);
  return vault.error().code;
}

SecretInfo info_of(const Vault& vault, std::string_view name) {
  for (SecretInfo& info : vault.list()) {
    if (info.name.text() == name) {
      return info;
    }
  }
  FAIL("not listed: " << name);
  return {};
}

// Everything in the folder, one after the other: the database, journals, whatever else was left.
std::string all_bytes_in(const sample::TempDir& dir) {
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
    all += sample::read_file(file.path().string());
  }
  return all;
}

bool shows(const std::string& bytes, std::string_view value) {
  const std::string upper_hex = [&] {
    std::string hex = base::to_hex(value);
    for (char& c : hex) {
      c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return hex;
  }();
  // The base64 of a part, at each of its three alignments, without the ends that depend on
  // neighbours.
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string encoded =
        base::to_base64(value.substr(shift, (value.size() - shift) / 3 * 3));
    if (bytes.find(encoded) != std::string::npos) {
      return true;
    }
  }
  return bytes.find(value) != std::string::npos ||
         bytes.find(base::to_hex(value)) != std::string::npos ||
         bytes.find(upper_hex) != std::string::npos;
}

}  // namespace

TEST_CASE("A new vault opens again with its passphrase and what was put in") {
  const sample::TempDir dir;
  const std::string path = dir.file("vault.db");
  {
    auto vault = Vault::create(path, secret_of("p"), kNow);
    REQUIRE(vault);
    REQUIRE(vault->list().empty());
    REQUIRE(vault->add(name_of("A"), "", secret_of("value-a"), kNow));
    REQUIRE(sample::fetches(*vault, "A", "value-a"));
  }
  const Vault vault = sample::open_vault(path, "p");
  REQUIRE(sample::fetches(vault, "A", "value-a"));
}

TEST_CASE("A vault is not made over another, nor without a passphrase") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string before = sample::read_file(path);
  REQUIRE(Vault::create(path, secret_of("p"), kNow).error().code == Errc::already_exists);
  REQUIRE(sample::read_file(path) == before);
  REQUIRE(Vault::create(dir.file("new.db"), secret_of(""), kNow).error().code ==
          Errc::invalid_input);
  REQUIRE_FALSE(std::filesystem::exists(dir.file("new.db")));
}

TEST_CASE("VA-02 F03 every wrong passphrase gives one error and leaves the file as it was") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string before = sample::read_file(path);
  const auto times = std::filesystem::last_write_time(path);
  for (const std::string& passphrase : {std::string("correct horse battery stapl"),
                                        std::string(),
                                        std::string(1 << 20, 'x'),
                                        std::string("\xff\xfe\0\x80", 4)}) {
    REQUIRE(open_refusal(path, passphrase) == Errc::wrong_passphrase);
  }
  REQUIRE(sample::read_file(path) == before);
  REQUIRE(std::filesystem::last_write_time(path) == times);
  REQUIRE(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("F04 VA-01 a damaged vault is told from a wrong passphrase", "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  SECTION("a sealed value") {
    sample::run_sql(path, "UPDATE credentials SET encrypted_key=zeroblob(40)");
    REQUIRE(open_refusal(path, kPassphrase) == Errc::corrupt);
  }
  SECTION("the header") {
    sample::run_sql(path, "UPDATE vault_header SET kdf_salt=zeroblob(16)");
    REQUIRE(open_refusal(path, kPassphrase) == Errc::corrupt);
  }
  SECTION("a file of something else") {
    sample::write_file(path, "OPENAI_API_KEY=sk-1\n");
    REQUIRE(open_refusal(path, kPassphrase) == Errc::corrupt);
  }
  SECTION("an empty file") {
    sample::write_file(path, "");
    REQUIRE(open_refusal(path, kPassphrase) == Errc::corrupt);
  }
  SECTION("no file") {
    REQUIRE(open_refusal(dir.file("none"), kPassphrase) == Errc::not_found);
  }
}

TEST_CASE("VA-03 F02 a header weakened in the file is refused at once") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto sql = GENERATE(as<std::string>(),
                            "UPDATE vault_header SET kdf_memory_bytes=8192",
                            "UPDATE vault_header SET kdf_passes=1",
                            "UPDATE vault_header SET kdf_memory_bytes=1099511627776",
                            "UPDATE vault_header SET kdf_passes='three'");
  sample::run_sql(path, sql);
  REQUIRE(open_refusal(path, kPassphrase) == Errc::corrupt);
}

TEST_CASE("VA-04 ciphertexts of two names, swapped in the file, do not open", "[I5]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  sample::run_sql(path,
                  "CREATE TEMP TABLE t AS SELECT * FROM credentials;"
                  "UPDATE credentials SET (encrypted_key, nonce) = "
                  "(SELECT encrypted_key, nonce FROM t WHERE t.id != credentials.id);");
  REQUIRE(open_refusal(path, kPassphrase) == Errc::corrupt);
}

TEST_CASE("Names are added, rotated and removed, each once") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  REQUIRE(vault.add(name_of("STRIPE_KEY"), "", secret_of("x"), kNow).error().code ==
          Errc::already_exists);
  REQUIRE(vault.rotate(name_of("NONE"), secret_of("x"), kNow).error().code == Errc::not_found);
  REQUIRE(vault.remove(name_of("NONE")).error().code == Errc::not_found);
  REQUIRE(vault.fetch(name_of("NONE"), kNow).error().code == Errc::not_found);
  REQUIRE_FALSE(vault.has(name_of("NONE")));
  REQUIRE(sample::fetches(vault, "STRIPE_KEY", kStripeValue));
  REQUIRE(vault.rotate(name_of("STRIPE_KEY"), secret_of("next"), kNow));
  REQUIRE(sample::fetches(vault, "STRIPE_KEY", "next"));
  REQUIRE(vault.remove(name_of("STRIPE_KEY")));
  REQUIRE_FALSE(vault.has(name_of("STRIPE_KEY")));
  REQUIRE(vault.remove(name_of("STRIPE_KEY")).error().code == Errc::not_found);
  REQUIRE(vault.add(name_of("STRIPE_KEY"), "Stripe", secret_of("again"), kNow));
  REQUIRE(sample::fetches(vault, "STRIPE_KEY", "again"));
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
}

TEST_CASE("F09 the list shows id, service, name and times, in order of name, and nothing else") {
  const sample::TempDir dir;
  const Vault vault = sample::open_vault(sample::make_sample(dir));
  const std::vector<SecretInfo> infos = vault.list();
  REQUIRE(infos.size() == 2);
  REQUIRE(infos[0].id == "83ab481e-f5d5-4639-9f44-8089f2cd07a7");
  REQUIRE(infos[0].service == "OpenAI");
  REQUIRE(infos[0].name.text() == "OPENAI_API_KEY");
  REQUIRE(infos[0].created_at == 1'750'000'001);
  REQUIRE_FALSE(infos[0].last_used_at);
  REQUIRE(infos[1].name.text() == "STRIPE_KEY");
  REQUIRE(infos[1].last_used_at == 1'750'000'100);
}

TEST_CASE("An id is a random UUID of its own, and survives a rotation that moves the time") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  REQUIRE(vault.add(name_of("A"), "s", secret_of("1"), kNow));
  REQUIRE(vault.add(name_of("B"), "s", secret_of("1"), kNow));
  const SecretInfo before = info_of(vault, "A");
  REQUIRE(before.id != info_of(vault, "B").id);
  REQUIRE(before.id.size() == 36);
  REQUIRE(before.id[14] == '4');
  REQUIRE(std::string_view("89ab").find(before.id[19]) != std::string_view::npos);
  REQUIRE(vault.fetch(name_of("A"), kNow));
  REQUIRE(vault.rotate(name_of("A"), secret_of("2"), kNow + 5));
  const SecretInfo after = info_of(vault, "A");
  REQUIRE(after.id == before.id);
  REQUIRE(after.service == "s");
  REQUIRE(after.created_at == kNow + 5);
  REQUIRE_FALSE(after.last_used_at);
}

TEST_CASE("F13 last_used_at is empty, then follows use, and is written when asked") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  REQUIRE_FALSE(info_of(vault, "OPENAI_API_KEY").last_used_at);
  const std::string before = sample::read_file(path);
  REQUIRE(vault.fetch(name_of("OPENAI_API_KEY"), kNow));
  REQUIRE(vault.fetch(name_of("OPENAI_API_KEY"), kNow - 50));
  REQUIRE(info_of(vault, "OPENAI_API_KEY").last_used_at == kNow);
  REQUIRE(sample::read_file(path) == before);  // a fetch touches no disk
  REQUIRE(vault.save_usage());
  const auto saved = sample::load_sample(path);
  REQUIRE(saved);
  REQUIRE(saved->credentials.at(name_of("OPENAI_API_KEY"))->row.last_used_at == kNow);
  REQUIRE(saved->credentials.at(name_of("STRIPE_KEY"))->row.last_used_at == 1'750'000'100);
  const std::string after = sample::read_file(path);
  REQUIRE(vault.save_usage());
  REQUIRE(sample::read_file(path) == after);  // nothing new, nothing written
  REQUIRE(vault.fetch(name_of("OPENAI_API_KEY"), kNow + 9));
  REQUIRE(info_of(vault, "OPENAI_API_KEY").last_used_at == kNow + 9);
}

TEST_CASE(
    "A18 A19 a value that could change a message's framing is refused, and the vault unchanged",
    "[I9]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  const std::string before = sample::read_file(path);
  for (int c = 0; c < 0x100; ++c) {
    if (c >= 0x20 && c != 0x7f) {
      continue;
    }
    const std::string value = std::string("sk-1") + static_cast<char>(c);
    const std::string leading = static_cast<char>(c) + std::string("sk-1");
    if (c >= 0x80) {
      continue;
    }
    INFO("byte " << c);
    REQUIRE(vault.add(name_of("A"), "", secret_of(value), kNow).error().code ==
            Errc::invalid_input);
    REQUIRE(vault.add(name_of("A"), "", secret_of(leading), kNow).error().code ==
            Errc::invalid_input);
    REQUIRE(vault.rotate(name_of("STRIPE_KEY"), secret_of(value), kNow).error().code ==
            Errc::invalid_input);
  }
  REQUIRE(vault.add(name_of("A"), "", secret_of(""), kNow).error().code == Errc::invalid_input);
  const std::string too_long(limits::kSecretBytesMax + 1, 'x');
  REQUIRE(vault.add(name_of("A"), "", secret_of(too_long), kNow).error().code ==
          Errc::invalid_input);
  REQUIRE(vault.add(SecretName(), "", secret_of("x"), kNow).error().code == Errc::invalid_input);
  REQUIRE(vault.add(name_of("A"), "line\nend", secret_of("x"), kNow).error().code ==
          Errc::invalid_input);
  REQUIRE(vault.add(name_of("A"), std::string(129, 's'), secret_of("x"), kNow).error().code ==
          Errc::invalid_input);
  REQUIRE(sample::read_file(path) == before);
}

TEST_CASE("A20 values in UTF-8, of one byte and of the greatest length are kept byte for byte") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  const auto value = GENERATE(as<std::string>(),
                              "p\xc3\xa4sswort \xe2\x82\xac",
                              "x",
                              "with space",
                              std::string(limits::kSecretBytesMax, '~'));
  REQUIRE(vault.add(name_of("A"), "", secret_of(value), kNow));
  REQUIRE(sample::fetches(vault, "A", value));
}

TEST_CASE("System secrets take any bytes and are neither listed nor fetched by name") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string binary("\0\n\xff key", 7);
  {
    Vault vault = sample::open_vault(path);
    const auto seed = vault.fetch_system("audit-signing-seed");
    REQUIRE(seed);
    REQUIRE(seed->size() == 32);
    REQUIRE(vault.put_system("ca-key", secret_of(binary)));
    REQUIRE(vault.put_system("audit-signing-seed", secret_of("replaced")));
    REQUIRE(vault.put_system("bad name", secret_of("x")).error().code == Errc::invalid_input);
    REQUIRE(vault.put_system("empty", secret_of("")).error().code == Errc::invalid_input);
    REQUIRE(vault.list().size() == 2);
    REQUIRE_FALSE(vault.has(name_of("ca-key")));
    REQUIRE(vault.fetch_system("none").error().code == Errc::not_found);
    REQUIRE(vault.fetch_system("STRIPE_KEY").error().code == Errc::not_found);
  }
  const Vault vault = sample::open_vault(path);
  REQUIRE(vault.fetch_system("ca-key")->reveal() == binary);
  REQUIRE(vault.fetch_system("audit-signing-seed")->reveal() == "replaced");
}

TEST_CASE("A changed passphrase opens the vault, the old one no longer does, and one row changed") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto before = sample::load_sample(path);
  REQUIRE(before);
  {
    Vault vault = sample::open_vault(path);
    REQUIRE(vault.change_passphrase(secret_of("")).error().code == Errc::invalid_input);
    REQUIRE(vault.change_passphrase(secret_of("next")));
    REQUIRE(vault.add(name_of("A"), "", secret_of("a"), kNow));
  }
  REQUIRE(open_refusal(path, kPassphrase) == Errc::wrong_passphrase);
  const Vault vault = sample::open_vault(path, "next");
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
  const auto after = sample::load_sample(path);  // the data key is the same
  REQUIRE(after);
  REQUIRE(after->generation == before->generation + 1);
}

TEST_CASE("VA-08 F01 no file of the folder ever shows a value, its base64 or its hex", "[I1]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string first = "sk-FIRST-0123456789abcdef";
  const std::string second = "sk-SECOND-fedcba9876543210";
  Vault vault = sample::open_vault(path);
  REQUIRE(shows("..." + base::to_base64("xx" + first) + "...", first));  // the search finds it
  REQUIRE(vault.add(name_of("A"), "s", secret_of(first), kNow));
  REQUIRE_FALSE(shows(all_bytes_in(dir), first));
  REQUIRE(vault.rotate(name_of("A"), secret_of(second), kNow));
  REQUIRE_FALSE(shows(all_bytes_in(dir), first));
  REQUIRE_FALSE(shows(all_bytes_in(dir), second));
  REQUIRE(all_bytes_in(dir).find(info_of(vault, "A").id) != std::string::npos);
  const std::string id = info_of(vault, "A").id;
  REQUIRE(vault.remove(name_of("A")));
  REQUIRE_FALSE(shows(all_bytes_in(dir), second));
  REQUIRE(all_bytes_in(dir).find(id) == std::string::npos);  // secure_delete: the row is gone too
  REQUIRE_FALSE(shows(all_bytes_in(dir), kOpenAiValue));
  REQUIRE_FALSE(shows(all_bytes_in(dir), kPassphrase));
  REQUIRE(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("VA-15 two writers at once lose nothing") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault one = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  constexpr int kEach = 20;
  const auto add_all = [](Vault& vault, const std::string& prefix, int& added) {
    for (int i = 0; i < kEach; ++i) {
      const auto name = SecretName::parse(prefix + std::to_string(i));
      const auto value = Secret::copy_of(prefix + "-value-" + std::to_string(i));
      added += vault.add(*name, "", *value, kNow) ? 1 : 0;
    }
  };
  int added_by_one = 0;
  int added_by_other = 0;
  std::thread thread([&] { add_all(one, "one", added_by_one); });
  add_all(other, "other", added_by_other);
  thread.join();
  REQUIRE(added_by_one == kEach);
  REQUIRE(added_by_other == kEach);
  REQUIRE(one.refresh());
  REQUIRE(other.refresh());
  REQUIRE(one.list().size() == 2 + 2 * kEach);
  REQUIRE(other.list().size() == 2 + 2 * kEach);
  REQUIRE(sample::fetches(one, "other19", "other-value-19"));
  REQUIRE(sample::fetches(other, "one0", "one-value-0"));
  // The second to add a name is told so, although it had not read the first's.
  REQUIRE(one.add(name_of("BOTH"), "", secret_of("1"), kNow));
  REQUIRE(other.add(name_of("BOTH"), "", secret_of("2"), kNow).error().code ==
          Errc::already_exists);
  REQUIRE(sample::fetches(other, "BOTH", "1"));
}

TEST_CASE("VA-14 who reads while another rotates gets the old value or the new one, entirely",
          "[I14]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault reader = sample::open_vault(path);
  Vault writer = sample::open_vault(path);
  const std::string a(300, 'a');
  const std::string b(500, 'b');
  REQUIRE(writer.rotate(name_of("STRIPE_KEY"), secret_of(a), kNow));
  REQUIRE(reader.refresh());
  std::atomic<bool> is_done{false};
  int failures = 0;
  int reads = 0;
  std::thread thread([&] {
    while (!is_done) {
      const auto value = reader.fetch(name_of("STRIPE_KEY"), kNow);
      failures += value && (value->reveal() == a || value->reveal() == b) ? 0 : 1;
      ++reads;
    }
  });
  int errors = 0;
  for (int i = 0; i < 30; ++i) {
    const auto value = Secret::copy_of(i % 2 == 0 ? b : a);
    errors += writer.rotate(name_of("STRIPE_KEY"), *value, kNow + i) ? 0 : 1;
    errors += reader.refresh() ? 0 : 1;
  }
  is_done = true;
  thread.join();
  REQUIRE(errors == 0);
  REQUIRE(failures == 0);
  REQUIRE(reads > 0);
  REQUIRE(sample::fetches(reader, "STRIPE_KEY", a));
}

TEST_CASE("A refresh takes over what another process did, and keeps the uses not yet saved") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  REQUIRE(vault.fetch(name_of("OPENAI_API_KEY"), kNow));
  REQUIRE(other.add(name_of("A"), "", secret_of("a"), kNow));
  REQUIRE(other.remove(name_of("STRIPE_KEY")));
  REQUIRE_FALSE(vault.has(name_of("A")));
  REQUIRE(vault.refresh());
  REQUIRE(sample::fetches(vault, "A", "a"));
  REQUIRE_FALSE(vault.has(name_of("STRIPE_KEY")));
  REQUIRE(info_of(vault, "OPENAI_API_KEY").last_used_at == kNow);
  REQUIRE(vault.save_usage());
  REQUIRE(other.refresh());
  REQUIRE(info_of(other, "OPENAI_API_KEY").last_used_at == kNow);
}

TEST_CASE("VA-04 a running process notices a spoilt or older file, and goes on with what it has",
          "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string old_file = sample::read_file(path);
  Vault vault = sample::open_vault(path);
  REQUIRE(vault.add(name_of("A"), "", secret_of("a"), kNow));
  Errc expected = Errc::corrupt;
  SECTION("a row changed") {
    sample::run_sql(path, "UPDATE credentials SET service='x'");
  }
  SECTION("the whole older file written back") {
    // Through SQLite, as a restore in place would do it: the new content is whole and well sealed.
    sample::write_file(dir.file("old.db"), old_file);
    const auto old = sample::load_sample(dir.file("old.db"));
    REQUIRE(old);
    const auto manifest =
        sample::sample_sealer().seal_manifest(manifest_of(old->generation, old->digests));
    REQUIRE(manifest);
    auto store = Store::open(path);
    REQUIRE(store);
    const auto rows = store->read_credentials();
    REQUIRE(rows);
    for (const CredentialRow& row : *rows) {
      if (row.name == "A") {
        REQUIRE(store->remove(row.id));
      }
    }
    REQUIRE(store->write_manifest(*manifest));
    REQUIRE(sample::load_sample(path));  // good by itself
  }
  SECTION("the file replaced by another") {
    sample::write_file(dir.file("old.db"), old_file);
    std::filesystem::rename(dir.file("old.db"), path);
    expected = Errc::unavailable;
  }
  SECTION("the file removed") {
    std::filesystem::remove(path);
    expected = Errc::unavailable;
  }
  const auto refreshed = vault.refresh();
  REQUIRE_FALSE(refreshed);
  REQUIRE(refreshed.error().code == expected);
  REQUIRE(sample::fetches(vault, "A", "a"));
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
  REQUIRE_FALSE(vault.add(name_of("B"), "", secret_of("b"), kNow));
  REQUIRE_FALSE(vault.has(name_of("B")));
}

TEST_CASE("A file that another process holds is waited for, then reported as locked") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  auto other = base::Database::open(path, base::Database::Mode::read_write);
  REQUIRE(other);
  auto transaction = base::Transaction::begin(*other);
  REQUIRE(transaction);
  REQUIRE(vault.add(name_of("A"), "", secret_of("a"), kNow).error().code == Errc::locked);
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));  // reading needs no file
  REQUIRE(vault.refresh());
}

TEST_CASE("F05 a journal has the mode of the vault") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const mode_t before = ::umask(0);
  {
    auto database = base::Database::open(path, base::Database::Mode::read_write);
    REQUIRE(database);
    auto transaction = base::Transaction::begin(*database);
    REQUIRE(transaction);
    REQUIRE(database->execute("UPDATE credentials SET last_used_at=1"));
    struct stat journal = {};
    REQUIRE(::stat((path + "-journal").c_str(), &journal) == 0);
    REQUIRE((journal.st_mode & 07777U) == 0600);
  }
  ::umask(before);
}

}  // namespace keyswap::vault
