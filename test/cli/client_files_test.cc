// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/client_overlays.h"
#include "proxy/cli/files.h"
#include "proxy/cli/java_options.h"
#include "proxy/cli/npm_settings.h"
#include "test/support/script.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kRoot = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
constexpr const char* kOther = "-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n";

// A home with a certificate, and the user's own folder; gone with this.
class Folder {
 public:
  Folder() {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
    fs::create_directory(home().path);
    put("home/ca.pem", kRoot);
  }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;

  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  [[nodiscard]] Home home() const { return Home{path_ + "/home"}; }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] Variables variables() const { return {{"HOME", path_}, {"PATH", path_ + "/bin"}}; }

  void put(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path_ + "/" + name).parent_path());
    std::ofstream(path_ + "/" + name) << text;
  }

  [[nodiscard]] PreparedFiles prepared(const Variables& inherited,
                                       Preload preload = Preload::yes) const {
    auto prepared =
        prepare_client_files(home(), inherited, {{"api.example.com", false, 443}}, preload);
    REQUIRE(prepared);
    return std::move(prepared).value();
  }

 private:
  std::string path_ = "/tmp/keyswap-client-files-XXXXXX";
};

std::string text_of(const std::string& path) {
  auto text = read_file(path, 1 << 20);
  REQUIRE(text);
  return *text;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};

  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

}  // namespace

TEST_CASE("F46 the netrc of hosts that keyswap knows nothing of stays where it is") {
  const Folder folder;
  CHECK(folder.prepared(folder.variables()).files.netrc.empty());
  folder.put(".netrc", "machine git.corp login me password one\n");
  const PreparedFiles prepared = folder.prepared(folder.variables());
  CHECK(prepared.files.netrc.empty());
  CHECK(prepared.warnings.empty());
}

TEST_CASE("F46 a netrc with a bound host gives way to a private copy without it, which is told") {
  const Folder folder;
  const std::string other = "machine git.corp login me password one\n";
  folder.put(".netrc", other + "machine api.example.com login me password two\n");
  const PreparedFiles prepared = folder.prepared(folder.variables());
  CHECK(text_of(prepared.files.netrc) == other);
  CHECK(mode_of(prepared.files.netrc) == 0600);
  REQUIRE(prepared.warnings.size() == 1);
  CHECK(prepared.warnings[0].find("api.example.com") != std::string::npos);
  CHECK(prepared.warnings[0].find("two") == std::string::npos);

  Variables named = folder.variables();
  named["NETRC"] = folder.path() + "/elsewhere";
  folder.put("elsewhere", "machine api.example.com login me password three\n");
  CHECK(folder.prepared(named).files.netrc == "/dev/null");  // nothing is left of it
  folder.put("elsewhere", "not one");
  CHECK(folder.prepared(named).files.netrc == "/dev/null");
}

TEST_CASE("the file that Node loads stays in one place, however many folders come and go") {
  const Folder folder;
  const std::string preload = folder.prepared(folder.variables()).files.node_preload;
  CHECK(text_of(preload).find("tls.connect") != std::string::npos);
  for (int i = 0; i < 12; ++i) {
    folder.put(".wgetrc", "# " + std::to_string(i));
    CHECK(folder.prepared(folder.variables()).files.node_preload == preload);
  }
  CHECK(fs::exists(preload));
  CHECK(folder.prepared(folder.variables(), Preload::no).files.node_preload.empty());
}

TEST_CASE("a run inside a run finds the same files") {
  const Folder folder;
  folder.put(".wgetrc", "tries = 3");
  Variables inner = folder.variables();
  const ClientFiles outer = folder.prepared(inner).files;
  inner["WGETRC"] = outer.wgetrc;
  inner["SSL_CERT_FILE"] = outer.bundle;
  CHECK(folder.prepared(inner).files.bundle == outer.bundle);
  CHECK(text_of(outer.wgetrc) == "tries = 3\nca_certificate = " + outer.bundle + "\n");
}

TEST_CASE("lines of a wgetrc that would lead past the proxy do not get into ours") {
  const std::string kept = "tries = 3\n# https_proxy = x\nno_proxy = wiki.corp\n";
  const std::string others =
      "https_proxy = http://corp:3128\nHTTP-Proxy=http://corp:3128\n use_proxy = off\n"
      "proxy_user = me\nProxy_Password = pw\ncheck-certificate = off\n";
  CHECK(wgetrc_text(kept + others, "/b.pem") == kept + "ca_certificate = /b.pem\n");
  CHECK(wgetrc_text("", "/b.pem") == "ca_certificate = /b.pem\n");
}

TEST_CASE("a proxy of the shell's is told of, without its password, where the bindings have none") {
  const Folder folder;
  const std::string rules = "version: 1\nsecrets: {}\n";
  const auto warnings = [&folder](Variables shell, const std::string& text) {
    shell["HOME"] = folder.path();
    auto plan = prepare_environment(
        folder.home(), shell, {"127.0.0.1:8472", ""}, *test::bindings_of(text), Preload::no);
    REQUIRE(plan);
    std::string all;
    for (const std::string& warning : plan->warnings) {
      all += warning + "\n";
    }
    return all;
  };
  const Variables corporate = {{"https_proxy", "http://me:pw-7x@corp:3128"}};
  const std::string told = warnings(corporate, rules);
  CHECK(told.find("https_proxy of your shell names another proxy") != std::string::npos);
  CHECK(told.find("pw-7x") == std::string::npos);
  CHECK(warnings({}, rules).find("another proxy") == std::string::npos);
  CHECK(warnings(corporate, rules + "upstream: { proxy: \"http://corp:3128\" }\n")
            .find("another proxy") == std::string::npos);
  Variables inner = corporate;
  inner["KEYSWAP_SESSION"] = "/h";
  CHECK(warnings(inner, rules).find("another proxy") == std::string::npos);
}

TEST_CASE("a placeholder that comes with a login is set for nobody, and known all the same") {
  const auto bindings = test::bindings_of(R"(
secrets:
  FIXED:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
  LOGIN:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
    capture: [ { host: login.example.test, paths: [/token], json_pointer: /token } ]
)");
  CHECK(placeholders_of(*bindings).size() == 2);
  const auto set = placeholders_to_set(*bindings);
  REQUIRE(set.size() == 1);
  CHECK(set[0].text == "kswp_PLACEHOLDER_000000000001");
}

TEST_CASE("overlays name the bundle, each in its client's words") {
  const Folder folder;
  const ClientFiles files = folder.prepared(folder.variables()).files;
  CHECK(text_of(files.hgrc).find("[web]\ncacerts = " + files.bundle + "\n") != std::string::npos);
  CHECK(files.apt_config.empty() == (geteuid() == 0));
  if (!files.apt_config.empty()) {
    CHECK(text_of(files.apt_config) == "Acquire::https::CaInfo \"" + files.bundle + "\";\n");
  }
}

TEST_CASE("a cafile of npm is found wherever it stands, and its roots are in the bundle") {
  const Folder folder;
  folder.put("corp.pem", kOther);
  const std::string line = "cafile = \"${HOME}/corp.pem\"\n";
  Variables variables = folder.variables();
  const std::string place = GENERATE(".npmrc", "own-npmrc", "etc/npmrc", "prefix/etc/npmrc");
  INFO(place);
  const std::vector<std::string> machines = npm_root_files(variables);  // this machine's own
  folder.put(place, line);
  if (place == "own-npmrc") {
    variables["NPM_CONFIG_USERCONFIG"] = folder.path() + "/own-npmrc";
  } else if (place == "prefix/etc/npmrc") {
    folder.put(".npmrc", "prefix=~/prefix\n");
  }
  const auto found = npm_root_files(variables);
  CHECK(found.size() == machines.size() + 1);
  CHECK(std::ranges::count(found, folder.path() + "/corp.pem") == 1);
  const ClientFiles files = folder.prepared(variables).files;
  CHECK(files.npm_cafile == files.bundle);
  CHECK(text_of(files.bundle).find("REVG") != std::string::npos);
}

TEST_CASE("a line of an npmrc is read as npm does") {
  const Variables variables = {{"HOME", "/u"}, {"X", "/x"}};
  const auto value = [&variables](std::string_view text) {
    return npmrc_value(text, "cafile", variables);
  };
  CHECK(value("cafile=/a\n") == "/a");
  CHECK(value(" cafile = '/a b' \r\n") == "/a b");
  CHECK(value("cafile=/a\ncafile=${X}/c\n") == "/x/c");
  CHECK(value("cafile=~/c") == "/u/c");
  CHECK(value("cafile=/a ; the company's\n") == "/a");
  CHECK(value("cafile=${X") == "${X");
  CHECK(value("; cafile=/a\n# cafile=/a\n//host/:cafile=/a\nca=cafile\n").empty());
}

TEST_CASE("advice for Java is for those who run it") {
  CHECK(is_java_program("java"));
  CHECK(is_java_program("./gradlew"));
  CHECK(is_java_program("/usr/bin/mvn"));
  CHECK_FALSE(is_java_program("node"));
  CHECK_FALSE(is_java_program("/opt/java/bin/curl"));
}

}  // namespace keyswap::cli
