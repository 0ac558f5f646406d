// SPDX-License-Identifier: Apache-2.0
#include "vault/store.h"

#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

mode_t mode_of(const std::string& path) {
  struct stat found = {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

std::size_t files_in(const sample::TempDir& dir) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(dir.path()), {}));
}

Header any_header() {
  return {"vault-id", 1, "kdf", 2, 3, "salt", {"nonce", "box"}, "checksum"};
}

base::Errc refusal_of(const std::string& path) {
  const auto store = Store::open(path);
  REQUIRE_FALSE(store);
  return store.error().code;
}

}  // namespace

TEST_CASE("F05 a new vault file has mode 0600 whatever the umask, and is alone in the folder") {
  const sample::TempDir dir;
  const auto mask = GENERATE(as<mode_t>(), 0, 022, 0777);
  const mode_t before = ::umask(mask);
  const auto created = create_store(dir.file("vault.db"), any_header(), {"n", "m"});
  ::umask(before);
  REQUIRE(created);
  REQUIRE(mode_of(dir.file("vault.db")) == 0600);
  REQUIRE(files_in(dir) == 1);
}

TEST_CASE("A new vault never takes the place of a file, and a failure leaves nothing") {
  const sample::TempDir dir;
  sample::write_file(dir.file("vault.db"), "precious");
  const auto created = create_store(dir.file("vault.db"), any_header(), {"n", "m"});
  REQUIRE_FALSE(created);
  REQUIRE(created.error().code == base::Errc::already_exists);
  REQUIRE(sample::read_file(dir.file("vault.db")) == "precious");
  REQUIRE(files_in(dir) == 1);
  const auto nowhere = create_store(dir.file("none/vault.db"), any_header(), {"n", "m"});
  REQUIRE(nowhere.error().code == base::Errc::not_found);
}

TEST_CASE("Rows come back as they were written") {
  const sample::TempDir dir;
  const std::string path = dir.file("vault.db");
  REQUIRE(create_store(path, any_header(), {"n", "m"}));
  auto store = Store::open(path);
  REQUIRE(store);
  const auto headers = store->read_headers();
  REQUIRE(headers);
  REQUIRE(headers->size() == 1);
  const Header* const header = &headers->front();
  REQUIRE(header->vault_id == "vault-id");
  REQUIRE(header->wrapped_key.nonce == "nonce");
  REQUIRE(header->wrapped_key.box == "box");
  REQUIRE(header->checksum == "checksum");
  const auto manifest = store->read_manifest();
  REQUIRE(manifest);
  REQUIRE(manifest->box == "m");
  const std::string binary("\0\x01\xff", 3);
  REQUIRE(store->insert({"id", "service", "name", {binary, "sealed"}, 7, {}}));
  REQUIRE(store->write_last_used("id", 8));
  REQUIRE(store->put_system({"system", {"a", "b"}}));
  REQUIRE(store->put_system({"system", {"c", "d"}}));
  const auto rows = store->read_credentials();
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  REQUIRE(rows->front().sealed.nonce == binary);
  REQUIRE(rows->front().created_at == 7);
  REQUIRE(rows->front().last_used_at == 8);
  const auto system = store->read_system();
  REQUIRE(system);
  REQUIRE(system->size() == 1);
  REQUIRE(system->front().sealed.box == "d");
  REQUIRE(store->remove("id"));
  REQUIRE(store->read_credentials()->empty());
}

TEST_CASE("VA-01 a file with more, fewer or other tables than ours is refused") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto sql =
      GENERATE(as<std::string>(),
               "CREATE TRIGGER t AFTER UPDATE ON credentials BEGIN DELETE FROM credentials; END",
               "CREATE VIEW v AS SELECT * FROM credentials",
               "CREATE TABLE more(x)",
               "CREATE INDEX i ON credentials(name)",
               "DROP TABLE vault_manifest",
               "ALTER TABLE credentials ADD COLUMN x",
               "ALTER TABLE credentials RENAME COLUMN name TO nom",
               "PRAGMA application_id=1");
  sample::run_sql(path, sql);
  REQUIRE(refusal_of(path) == base::Errc::corrupt);
}

TEST_CASE("A vault of a later format is refused as such") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  sample::run_sql(path, "PRAGMA user_version=3");
  REQUIRE(refusal_of(path) == base::Errc::unsupported);
}

TEST_CASE("VA-01 a header or manifest that is missing or there twice is refused") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto sql = GENERATE(as<std::string>(),
                            "DELETE FROM vault_header; DELETE FROM vault_manifest",
                            "INSERT INTO vault_header SELECT * FROM vault_header;"
                            "INSERT INTO vault_manifest SELECT * FROM vault_manifest");
  sample::run_sql(path, sql);
  auto store = Store::open(path);
  REQUIRE(store);
  REQUIRE(store->read_headers().error().code == base::Errc::corrupt);
  REQUIRE(store->read_manifest().error().code == base::Errc::corrupt);
}

TEST_CASE("VA-09 a link, a second link, open modes and a folder are refused as the vault") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  std::string judged = path;
  SECTION("symbolic link") {
    judged = dir.file("link.db");
    std::filesystem::create_symlink(path, judged);
  }
  SECTION("hard link") {
    std::filesystem::create_hard_link(path, dir.file("second.db"));
  }
  SECTION("readable by the group") {
    REQUIRE(::chmod(path.c_str(), 0640) == 0);
  }
  SECTION("writable by others") {
    REQUIRE(::chmod(path.c_str(), 0602) == 0);
  }
  SECTION("a folder") {
    judged = dir.path().string();
  }
  REQUIRE(refusal_of(judged) == base::Errc::permission);
}

TEST_CASE("The data version moves when another connection writes, and only then") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  auto one = Store::open(path);
  auto other = Store::open(path);
  REQUIRE(one);
  REQUIRE(other);
  const auto before = one->data_version();
  REQUIRE(before);
  REQUIRE(one->write_last_used("83ab481e-f5d5-4639-9f44-8089f2cd07a7", 1));
  REQUIRE(*one->data_version() == *before);
  REQUIRE(other->write_last_used("83ab481e-f5d5-4639-9f44-8089f2cd07a7", 2));
  REQUIRE(*one->data_version() != *before);
}

}  // namespace keyswap::vault
