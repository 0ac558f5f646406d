// SPDX-License-Identifier: Apache-2.0
#include "vault/vault.h"

#include <algorithm>
#include <vector>

#include "proxy/base/bounds.h"
#include "test/support/quick_kdf.h"
#include "test/vault/sample.h"
#include "vault/arena.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;
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
    const int before_it = test::derived_keys();
    REQUIRE(open_refusal(path, passphrase) == Errc::wrong_passphrase);
    // Each is stretched: none is a short cut whose time tells something.
    REQUIRE(test::derived_keys() == before_it + 1);
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

TEST_CASE("However many hold an entry, it is opened once, and wiped when none does", "[I1][I10]") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  REQUIRE(vault.add(name_of("LARGE"), "", secret_of(std::string(4096, 'v')), kNow));
  const std::size_t free_before = arena::free_bytes();
  {
    std::vector<Secret> holders;
    for (int i = 0; i < 2000; ++i) {
      auto fetched = vault.fetch(name_of("LARGE"), kNow);
      REQUIRE(fetched);
      holders.push_back(std::move(*fetched));
    }
    REQUIRE(free_before - arena::free_bytes() == 4096);
    // Who has it goes on with it; who comes after a rotation gets the new value.
    REQUIRE(vault.rotate(name_of("LARGE"), secret_of("next"), kNow + 1));
    REQUIRE(sample::fetches(vault, "LARGE", "next"));
    REQUIRE(holders.front().reveal() == std::string(4096, 'v'));
    REQUIRE(vault.remove(name_of("LARGE")));
    REQUIRE(vault.fetch(name_of("LARGE"), kNow).error().code == Errc::not_found);
  }
  REQUIRE(arena::free_bytes() == free_before);
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

TEST_CASE("A value is compared with what is kept, and that is no use of it") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  REQUIRE(vault.add(name_of("NEW_KEY"), "s", sample::secret_of("value-1"), kNow));
  REQUIRE(vault.matches(name_of("NEW_KEY"), "value-1").value());
  REQUIRE_FALSE(vault.matches(name_of("NEW_KEY"), "value-2").value());
  REQUIRE_FALSE(vault.matches(name_of("NEW_KEY"), "value-").value());
  REQUIRE(vault.matches(name_of("NO_KEY"), "value-1").error().code == base::Errc::not_found);
  REQUIRE_FALSE(info_of(vault, "NEW_KEY").last_used_at);
  REQUIRE(vault.add_private_key(name_of("DER_KEY"), sample::secret_of("der"), kNow));
  REQUIRE_FALSE(vault.matches(name_of("DER_KEY"), "der").value());
}

TEST_CASE("A18 A19 a value that could change a message's framing never gets into the file",
          "[I9]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  const std::string before = sample::read_file(path);
  for (const std::string& value : {std::string("sk-1\n"),
                                   std::string("\rsk-1"),
                                   std::string("sk\0-1", 5),
                                   std::string("\t"),
                                   std::string("\x7f"),
                                   std::string(),
                                   std::string(bounds::kSecretBytesMax + 1, 'x')}) {
    REQUIRE(vault.add(name_of("A"), "", secret_of(value), kNow).error().code ==
            Errc::invalid_input);
    REQUIRE(vault.rotate(name_of("STRIPE_KEY"), secret_of(value), kNow).error().code ==
            Errc::invalid_input);
  }
  REQUIRE_FALSE(vault.has(name_of("A")));
  REQUIRE(sample::fetches(vault, "STRIPE_KEY", kStripeValue));
  REQUIRE(sample::read_file(path) == before);
}

TEST_CASE("A20 values in UTF-8, of one byte and of the greatest length are kept byte for byte") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  const auto value = GENERATE(as<std::string>(),
                              "p\xc3\xa4sswort \xe2\x82\xac",
                              "x",
                              "with space",
                              std::string(bounds::kSecretBytesMax, '~'));
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

TEST_CASE("A private key takes any bytes, and is handed out as a private key only") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string der("\x30\x0a\r\n\x00 key", 9);
  {
    Vault vault = sample::open_vault(path);
    REQUIRE(vault.add_private_key(name_of("SIGNER"), secret_of(der), sample::kNow));
    REQUIRE(vault.add_private_key(name_of("SIGNER"), secret_of(der), sample::kNow).error().code ==
            Errc::already_exists);
    REQUIRE(vault.add_private_key(name_of("EMPTY"), secret_of(""), sample::kNow).error().code ==
            Errc::invalid_input);
  }
  const Vault vault = sample::open_vault(path);
  REQUIRE(vault.fetch_private_key(name_of("SIGNER"), sample::kNow)->reveal() == der);
  REQUIRE(vault.fetch(name_of("SIGNER"), sample::kNow).error().code == Errc::invalid_input);
  REQUIRE(vault.fetch_private_key(name_of("STRIPE_KEY"), sample::kNow).error().code ==
          Errc::invalid_input);
  REQUIRE(vault.fetch_private_key(name_of("NONE"), sample::kNow).error().code == Errc::not_found);
  for (const auto& info : vault.list()) {
    REQUIRE((info.kind == EntryKind::private_key) == (info.name.text() == "SIGNER"));
    REQUIRE((info.service == "private-key") == (info.name.text() == "SIGNER"));
  }
}

TEST_CASE("A rotation keeps the kind of an entry") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  const std::string der("\x30\0\n", 3);
  REQUIRE(vault.add_private_key(name_of("SIGNER"), secret_of("\x01"), sample::kNow));
  REQUIRE(vault.rotate(name_of("SIGNER"), secret_of("text"), sample::kNow).error().code ==
          Errc::invalid_input);
  REQUIRE(
      vault.rotate_private_key(name_of("STRIPE_KEY"), secret_of(der), sample::kNow).error().code ==
      Errc::invalid_input);
  REQUIRE(vault.fetch(name_of("STRIPE_KEY"), sample::kNow)->reveal() == sample::kStripeValue);
  REQUIRE(vault.rotate_private_key(name_of("SIGNER"), secret_of(der), sample::kNow));
  REQUIRE(vault.fetch_private_key(name_of("SIGNER"), sample::kNow)->reveal() == der);
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
