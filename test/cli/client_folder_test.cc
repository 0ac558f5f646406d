// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_folder.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/authority.h"
#include "proxy/cli/env_folder.h"
#include "proxy/cli/files.h"
#include "test/support/script.h"
#include "test/support/temp_home.h"
#include "vault/secret.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::size_t kEnough = std::size_t{8} * 1024 * 1024;
const std::string kToken = "kswc_ci." + std::string(43, 'A');
const std::string kRules = R"(
version: 1
secrets:
  KEY_ONE:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.example.test } ]
)";

// A home with a CA, and beside it a folder that is ours.
struct World {
  World() {
    REQUIRE(vault::lock_memory());
    auto made = ca::create_authority(kNow);
    REQUIRE(made);
    static_cast<void>(home.put("ca.pem", made->certificate_pem, 0644));
    // So that another user could enter what is made below.
    REQUIRE(chmod(beside.path().c_str(), 0755) == 0);
  }

  [[nodiscard]] FolderWish wish() const {
    return {.user = std::nullopt, .folder = beside.path() + "/a/b", .seen_at = ""};
  }

  [[nodiscard]] Outcome<ClientFolder> make(const FolderWish& wanted,
                                           const std::string& token = "",
                                           const std::string& more = "") const {
    return make_client_folder(home.home(),
                              wanted,
                              {"host.docker.internal:8472", token},
                              *test::bindings_of(more + kRules));
  }

  test::TempHome home;
  test::TempHome beside;
};

sandbox::User this_user() {
  return {"whoever-runs-this", geteuid(), getegid(), "/"};
}

std::string text_of(const std::string& path) {
  auto text = read_file(path, kEnough);
  REQUIRE(text);
  return std::move(text).value();
}

mode_t mode_of(const std::string& path) {
  struct stat info {};

  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

bool has_warning(const ClientFolder& made, std::string_view part) {
  return std::any_of(made.warnings.begin(), made.warnings.end(), [part](const auto& warning) {
    return warning.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE(
    "a container's folder can be read by all, and names its files as the container sees them") {
  const World world;
  const mode_t before = umask(0077);
  auto made = world.make(world.wish());
  umask(before);
  REQUIRE(made);
  CHECK(made->path == world.wish().folder);
  CHECK(made->seen_at == "/keyswap");
  for (const char* folder : {"", "/php", "/.."}) {
    CHECK(mode_of(made->path + folder) == 0755);
  }
  for (const char* file : {"/ca.pem",
                           "/bundle.pem",
                           "/truststore.jks",
                           "/wgetrc",
                           "/php/keyswap.ini",
                           "/env",
                           "/env.sh"}) {
    INFO(file);
    CHECK(mode_of(made->path + file) == 0644);
  }
  const std::string variables = text_of(made->docker_file());
  CHECK(has_line(variables, "HTTPS_PROXY=http://host.docker.internal:8472"));
  CHECK(has_line(variables, "NO_PROXY=localhost,127.0.0.1,::1,[::1],host.docker.internal"));
  CHECK(has_line(variables, "SSL_CERT_FILE=/keyswap/bundle.pem"));
  CHECK(has_line(variables, "NODE_EXTRA_CA_CERTS=/keyswap/ca.pem"));
  CHECK(has_line(variables, "KEY_ONE=kswp_PLACEHOLDER_000000000001"));
  CHECK(variables.find(world.home.path()) == std::string::npos);
  CHECK(has_line(text_of(made->shell_file()),
                 "export HTTPS_PROXY='http://host.docker.internal:8472'"));
  CHECK(text_of(made->path + "/php/keyswap.ini").find("/keyswap/bundle.pem") != std::string::npos);
  CHECK(has_line(variables, "NODE_OPTIONS=--require=/keyswap/node-preload.cjs"));
  CHECK(has_warning(made.value(), "listens on loopback alone"));
  FolderWish plain = world.wish();
  plain.preload = Preload::no;
  REQUIRE(world.make(plain));
  CHECK(text_of(made->docker_file()).find("NODE_OPTIONS") == std::string::npos);
}

TEST_CASE("a caller's token makes the files of variables private, and no other") {
  const World world;
  FolderWish wish = world.wish();
  wish.user = this_user();
  auto made = world.make(wish, kToken, "callers: [ci]");
  REQUIRE(made);
  CHECK(made->seen_at == made->path);
  CHECK(mode_of(made->docker_file()) == 0600);
  CHECK(mode_of(made->shell_file()) == 0600);
  CHECK(mode_of(made->path + "/bundle.pem") == 0644);
  CHECK(has_line(text_of(made->docker_file()), "KEYSWAP_CALLER_TOKEN=" + kToken));
  // Without one they are open again, and it is gone from them.
  auto open = world.make(wish, "", "callers: [ci]");
  REQUIRE(open);
  CHECK(mode_of(made->docker_file()) == 0644);
  CHECK(text_of(made->docker_file()).find("kswc_") == std::string::npos);
  CHECK(text_of(made->shell_file()).find("kswc_") == std::string::npos);
  CHECK(has_warning(open.value(), "have no token"));
}

TEST_CASE("a token is given to another user by root alone") {
  const World world;
  FolderWish wish = world.wish();
  wish.user = sandbox::User{"nobody", 65534, 65534, "/"};
  const auto made = world.make(wish, kToken, "callers: [ci]");
  if (geteuid() == 0) {
    REQUIRE(made);

    struct stat info {};

    REQUIRE(stat((wish.folder + "/env").c_str(), &info) == 0);
    CHECK(info.st_uid == 65534);
    CHECK((info.st_mode & 07777U) == 0600);
  } else {
    REQUIRE_FALSE(made);
    CHECK(made.failure().what.find("only root") != std::string::npos);
    CHECK_FALSE(fs::exists(wish.folder + "/env"));
  }
}

TEST_CASE("a folder that its user could not enter, or others could change, is refused") {
  const World world;
  FolderWish wish = world.wish();
  wish.folder = world.home.path() + "/clients";
  const auto inside = world.make(wish);
  REQUIRE_FALSE(inside);
  CHECK(inside.failure().exit == Exit::usage);

  REQUIRE(chmod(world.beside.path().c_str(), 0700) == 0);
  wish = world.wish();
  wish.user = sandbox::User{"nobody", 65534, 65534, "/"};
  if (geteuid() != 65534) {
    const auto closed = world.make(wish);
    REQUIRE_FALSE(closed);
    CHECK(closed.failure().what.find("may not enter " + world.beside.path()) != std::string::npos);
    CHECK_FALSE(fs::exists(wish.folder));
  }

  REQUIRE(chmod(world.beside.path().c_str(), 0777) == 0);
  const auto open = world.make(world.wish());
  REQUIRE_FALSE(open);
  CHECK(open.failure().what.find("can be written by everybody") != std::string::npos);
}

TEST_CASE("whether a user can enter is read from owner, group and others, in that order") {
  const test::TempHome folder;
  const sandbox::User own = this_user();
  const sandbox::User other{"no-such-user-of-keyswap", own.id + 1, own.group + 1, "/"};
  const std::string inner = folder.path() + "/inner";
  CHECK_FALSE(folder_closed_to(own, inner));  // it is not there yet
  CHECK(folder_closed_to(other, inner) == folder.path());
  REQUIRE(chmod(folder.path().c_str(), 0701) == 0);
  CHECK_FALSE(folder_closed_to(other, inner));
  const sandbox::User in_group{"no-such-user-of-keyswap", own.id + 1, own.group, "/"};
  CHECK(folder_closed_to(in_group, inner) == folder.path());
}

TEST_CASE("the proxy's address is a host and a port, and nothing that would change its URL") {
  for (const char* good : {"host.docker.internal:8472", "172.17.0.1:1", "[fd00::1]:8472"}) {
    INFO(good);
    CHECK(is_proxy_address(good));
  }
  for (const char* bad : {"host",
                          "host:",
                          ":1",
                          "a@b:1",
                          "http://h:1",
                          "h:1/",
                          "h:123456",
                          "[]:1",
                          "fd00::1:8472",
                          "a b:1",
                          ""}) {
    INFO(bad);
    CHECK_FALSE(is_proxy_address(bad));
  }
}

TEST_CASE("options of a folder that say nothing together are refused") {
  CHECK_FALSE(check_folder_options({}));
  CHECK(check_folder_options({.folder = "/x"}));
  CHECK(check_folder_options({.proxy = "h:1"}));
  CHECK(check_folder_options({.is_container = true, .seen_at = "relative"}));
  CHECK(check_folder_options({.is_container = true, .proxy = "nothing"}));
  CHECK_FALSE(check_folder_options({.is_container = true, .seen_at = "/keyswap", .proxy = "h:1"}));
}

}  // namespace keyswap::cli
