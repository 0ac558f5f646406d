// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/credential_file.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "vault/secret.h"

namespace keyswap::cli {

namespace {

// "line name host provider value", a line each; of what is left out its line's number.
std::string shown(std::string_view text, const CredentialFile& file) {
  REQUIRE(vault::lock_memory());
  std::string lines;
  for (const Credential& found : file.credentials) {
    const auto value = value_at(text, found.spot);
    REQUIRE(value);
    lines += std::to_string(found.line) + " " + found.name + " " + found.host + " " +
             found.provider + " " + std::string(value->view()) + "\n";
  }
  for (const std::string& left_out : file.left_out) {
    lines += left_out.substr(0, left_out.find(':')) + "\n";
  }
  return lines;
}

std::string with(std::string_view text, const Spot& spot, std::string_view value) {
  const auto written = written_at(text, spot, value);
  REQUIRE(written);
  return std::string(text.substr(0, spot.begin)) + *written +
         std::string(text.substr(spot.begin + spot.size));
}

}  // namespace

TEST_CASE("npm's tokens, pairs and passwords are found for their registries") {
  const std::string text =
      "registry=https://npm.example.com/\n"
      "; a comment\n"
      "//registry.npmjs.org/:_authToken=npm_abc\r\n"
      "//npm.example.com:8443/repo/:_auth = \"" +
      base::to_base64("ann:pw-1") +
      "\"\n"
      "//pw.example.com/:username=ann\n"
      "//pw.example.com/:_password=" +
      base::to_base64("pw-2") +
      "\n"
      "//env.example.com/:_authToken=${NPM_TOKEN}\n"
      "_authToken=old\n"
      "//note.example.com/:_authToken=npm_def ; until May\n"
      "//esc.example.com/:_authToken=a\\;b\n"
      "https-proxy=http://me:pw@proxy.example.com\n";
  const auto file = read_npmrc(text);
  CHECK(shown(text, file) ==
        "3 NPM_TOKEN registry.npmjs.org npm npm_abc\n"
        "4 NPM_PASSWORD_NPM_EXAMPLE_COM_8443 npm.example.com:8443  pw-1\n"
        "6 NPM_PASSWORD_PW_EXAMPLE_COM pw.example.com  pw-2\n"
        "9 NPM_TOKEN_NOTE_EXAMPLE_COM note.example.com npm npm_def\n"
        "line 7\nline 8\nline 10\nline 11\n");
  // The other half of a pair stays, and so does everything around it.
  const auto changed = with(text, file.credentials[1].spot, "PLACE");
  CHECK(changed.find(":_auth = \"" + base::to_base64("ann:PLACE") + "\"\n") != std::string::npos);
  CHECK(shown(changed, read_npmrc(changed)).find(" PLACE\n") != std::string::npos);
}

TEST_CASE("a netrc's passwords are found for their machines, and none that is for every host") {
  const std::string_view text =
      "machine github.com login x-access-token password ghp_1\n"
      "# machine commented.example.com password no\n"
      "machine api.example.com\n  login ann\n  password \"two words\"\n"
      "macdef init\ncd machine password x\n\n"
      "machine esc.example.com password \"a\\\"b\"\n"
      "default login anonymous password me@example.com\n"
      "machine open.example.com password \"never closed\n";
  CHECK(shown(text, read_netrc(text)) ==
        "1 NETRC_PASSWORD_GITHUB_COM  github-git ghp_1\n"
        "5 NETRC_PASSWORD_API_EXAMPLE_COM api.example.com  two words\n"
        "line 9\nline 10\nline 11\n");
}

TEST_CASE("a netrc of Windows loses no entry: a mark at its start, CRLF, a macro") {
  const std::string_view text =
      "\xef\xbb\xbfmachine one.example.com password a-1\r\nmacdef init\r\nbin\r\n\r\n"
      "machine two.example.com password a-2\r\n";
  CHECK(shown(text, read_netrc(text)) ==
        "1 NETRC_PASSWORD_ONE_EXAMPLE_COM one.example.com  a-1\n"
        "5 NETRC_PASSWORD_TWO_EXAMPLE_COM two.example.com  a-2\n");
}

TEST_CASE("docker's registries are bound where they hand out tokens, and helpers are named") {
  const std::string text = R"({"auths": {"https://index.docker.io/v1/": {"auth": ")" +
                           base::to_base64("ann:pw") +
                           R"("},
  "ghcr.io": {"auth": ")" + base::to_base64("x:ghp:1") +
                           R"(", "identitytoken": "t"}, "empty.example.com": {}},
  "credHelpers": {"gcr.io": "gcloud"}, "n": [1, true, {"a": null}]})";
  const auto file = read_docker_config(text);
  CHECK(shown(text, file) ==
        "1 REGISTRY_PASSWORD_AUTH_DOCKER_IO auth.docker.io  pw\n"
        "2 REGISTRY_PASSWORD_GHCR_IO ghcr.io  ghp:1\n"
        "line 2\nline 3\n");
  CHECK(with(text, file.credentials[0].spot, "P").find(base::to_base64("ann:P")) !=
        std::string::npos);
  const std::string deep(20, '[');
  for (const std::string& bad : {std::string(""),
                                 std::string("{"),
                                 std::string("{\"a\":}"),
                                 deep,
                                 std::string("{\"auths\":{\"h\":{\"auth\":\"\\")}) {
    INFO(bad);
    CHECK(read_docker_config(bad).credentials.empty());
    CHECK(read_docker_config(bad).left_out.size() == 1);
  }
}

TEST_CASE("docker's passwords in plain text are found, and what else is secret there is named") {
  const std::string text = R"({"auths": {"r.example.com": {"username": "ann", "password": "pw-1",
  "auth": ")" + base::to_base64("ann:pw-1") +
                           R"("},
  "t.example.com": {"registrytoken": "t", "password": "a\\b"}},
  "proxies": {"default": {"httpProxy": "http://me:pw@proxy.example.com", "noProxy": "*.corp"}},
  "credsStore": ""})";
  CHECK(shown(text, read_docker_config(text)) ==
        "1 REGISTRY_PASSWORD_R_EXAMPLE_COM r.example.com  pw-1\n"
        "2 REGISTRY_PASSWORD_R_EXAMPLE_COM r.example.com  pw-1\n"
        "line 3\nline 3\nline 4\n");
}

TEST_CASE("gh's tokens are found for each host and account, and a keyring is named") {
  const std::string_view text =
      "github.com:\n"
      "    users:\n"
      "        ann:\n"
      "            oauth_token: gho_1\n"
      "    oauth_token: \"gho_1\"\n"
      "    user: ann\n"
      "git.example.com:\n"
      "    oauth_token: ghp_2\n"
      "ring.example.com:\n"
      "    user: ann\n";
  const auto file = read_gh_hosts(text);
  CHECK(shown(text, file) ==
        "4 GITHUB_TOKEN  github gho_1\n"
        "5 GITHUB_TOKEN  github gho_1\n"
        "8 GH_ENTERPRISE_TOKEN git.example.com  ghp_2\n"
        "line 9\n");
  CHECK(with(text, file.credentials[1].spot, "P").find("oauth_token: \"P\"\n") !=
        std::string::npos);
}

TEST_CASE("a comment behind gh's token is no part of it, and an escape is not guessed") {
  const std::string_view text =
      "github.com:\n"
      "    oauth_token: gho_1 # work\n"
      "git.example.com:\n"
      "    oauth_token: 'ghp_2'   # play\n"
      "esc.example.com:\n"
      "    oauth_token: \"ghp\\x33\"\n"
      "none.example.com:\n"
      "    oauth_token: # none\n";
  CHECK(shown(text, read_gh_hosts(text)) ==
        "2 GITHUB_TOKEN  github gho_1\n"
        "4 GH_ENTERPRISE_TOKEN git.example.com  ghp_2\n"
        "line 6\nline 7\n");
}

TEST_CASE("pip's indexes and uploads are found, each for its host") {
  const std::string_view config =
      "[global]\n"
      "index-url = https://ann:p%40w@pypi.example.com/simple\n"
      "extra_index_url =\n"
      "    https://tok@two.example.com:8443/simple\n"
      "    https://three.example.com/simple\n"
      "    http://ann:pw@plain.example.com/simple\n"
      "proxy = http://me:pw@proxy.example.com:3128\n"
      "[install] ; more\n"
      "find-links =\n"
      "    # https://ann:pw@old.example.com/\n"
      "    https://${USER}:${PW}@var.example.com/\n";
  const auto found = read_pip_config(config);
  CHECK(shown(config, found) ==
        "2 INDEX_PASSWORD_PYPI_EXAMPLE_COM pypi.example.com  p@w\n"
        "4 INDEX_PASSWORD_TWO_EXAMPLE_COM_8443 two.example.com:8443  tok\n"
        "line 6\nline 7\nline 11\n");
  CHECK(found.credentials[0].use == Use::basic_password);
  CHECK(found.credentials[1].use == Use::basic_user);

  const std::string_view pypirc =
      "[distutils]\nindex-servers = pypi\n  own\n"
      "[pypi]\nusername = __token__\npassword = pypi-1\n"
      "[own]\nrepository: https://up.example.com/pypi/\npassword: pw\n";
  CHECK(shown(pypirc, read_pip_config(pypirc)) ==
        "6 PYPI_PASSWORD upload.pypi.org pypi pypi-1\n"
        "9 PYPI_PASSWORD_OWN up.example.com  pw\n");
}

TEST_CASE("of AWS's profiles it is said why nothing can be bound") {
  const auto file = read_aws_credentials(
      "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n[p]\ncredential_process = "
      "x\n");
  CHECK(file.credentials.empty());
  CHECK(file.left_out.size() == 2);
}

TEST_CASE("a value that is not written as its file writes values is refused") {
  REQUIRE(vault::lock_memory());
  CHECK_FALSE(value_at("a%4", {0, 3, Writing::percent}));
  CHECK_FALSE(value_at("%zz", {0, 3, Writing::percent}));
  CHECK_FALSE(value_at("***", {0, 3, Writing::base64}));
  CHECK_FALSE(value_at("bm8=", {0, 4, Writing::basic}));  // "no"
}

TEST_CASE("a line's number is that of any place, asked for in any order") {
  LineNumbers lines("a\nb\n\nc");
  CHECK(lines.line_of(0) == 1);
  CHECK(lines.line_of(5) == 4);
  CHECK(lines.line_of(2) == 2);
  CHECK(lines.line_of(4) == 3);
}

}  // namespace keyswap::cli
