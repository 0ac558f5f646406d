// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/environment_format.h"

namespace keyswap::cli {

namespace {

ClientFiles some_files() {
  ClientFiles files;
  files.ca = "/h/ca.pem";
  files.bundle = "/h/bundle.pem";
  files.node_extra = "/h/ca.pem";
  files.java_store = "/h/store.jks";
  files.wgetrc = "/h/wgetrc";
  files.php_folder = "/h/php";
  return files;
}

EnvironmentPlan plan_for(const Variables& inherited,
                         const std::vector<Placeholder>& placeholders = {},
                         const std::vector<BoundHost>& bound = {}) {
  return plan_environment(
      inherited, {"127.0.0.1:8472", ""}, some_files(), placeholders, "/h", bound);
}

std::string text_of(const EnvironmentPlan& plan, EnvironmentFormat format) {
  auto text = format_environment(plan, format);
  REQUIRE(text);
  return std::move(text).value();
}

bool has_warning(const EnvironmentPlan& plan, std::string_view part) {
  return std::ranges::any_of(plan.warnings, [part](const std::string& warning) {
    return warning.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a caller's token travels in the proxy's URL, as it is, and is there for routes") {
  const std::string token = "kswc_agent-2." + std::string(43, 'A');
  const auto plan = plan_environment({}, {"127.0.0.1:8472", token}, some_files(), {}, "/h");
  const std::string url = "http://agent-2:" + token + "@127.0.0.1:8472";
  CHECK(plan.set.at("HTTPS_PROXY") == url);
  CHECK(plan.set.at("http_proxy") == url);
  CHECK(plan.set.at("GIT_CONFIG_VALUE_0") == url);
  CHECK(plan.set.at("KEYSWAP_CALLER_TOKEN") == token);
  CHECK(plan.set.at("JAVA_TOOL_OPTIONS").find(token) == std::string::npos);
  CHECK(plan.java_advice.find("Java") != std::string::npos);
  CHECK_FALSE(has_warning(plan, "Java"));  // who runs no Java has no use for it
  CHECK_FALSE(plan_for({}).set.contains("KEYSWAP_CALLER_TOKEN"));
}

TEST_CASE("a word for a shell is one word, whatever is in it") {
  CHECK(word_for_shell("/home/me/.local/state/keyswap") == "/home/me/.local/state/keyswap");
  CHECK(word_for_shell("/h/it's $HOME") == "'/h/it'\\''s $HOME'");
  CHECK(word_for_shell("").size() == 2);
}

TEST_CASE("O01 the proxy is set in both cases, and to an http URL") {
  const Variables set = plan_for({}).set;
  for (const char* name : {"HTTP_PROXY",
                           "http_proxy",
                           "HTTPS_PROXY",
                           "https_proxy",
                           "ALL_PROXY",
                           "all_proxy",
                           "WSS_PROXY",
                           "wss_proxy",
                           "grpc_proxy"}) {
    INFO(name);
    CHECK(set.at(name) == "http://127.0.0.1:8472");
  }
  CHECK(set.at("no_proxy") == "localhost,127.0.0.1,::1,[::1]");
  CHECK(set.at("NO_PROXY") == set.at("no_proxy"));
  CHECK(set.at("NODE_USE_ENV_PROXY") == "1");
}

TEST_CASE("O01 a proxy that npm's, cargo's or pip's settings files name gives way to ours") {
  const Variables inherited = {{"NPM_CONFIG_PROXY", "http://corp:3128"},
                               {"CARGO_HTTP_PROXY", "corp:3128"}};
  const Variables result = apply_plan(inherited, plan_for(inherited));
  for (const char* name : {"npm_config_proxy", "npm_config_https_proxy", "CARGO_HTTP_PROXY"}) {
    INFO(name);
    CHECK(result.at(name) == "http://127.0.0.1:8472");
  }
  CHECK_FALSE(result.contains("NPM_CONFIG_PROXY"));
  CHECK_FALSE(result.contains("PIP_PROXY"));
  ClientFiles files = some_files();
  files.pip_has_proxy = true;
  const auto plan = plan_environment({{"PIP_PROXY", "x"}}, {"127.0.0.1:8472", ""}, files, {}, "/h");
  CHECK(apply_plan({{"PIP_PROXY", "x"}}, plan).at("PIP_PROXY") == "http://127.0.0.1:8472");
}

TEST_CASE(
    "O01 variables that replace a client's roots name the bundle, those that add name our root") {
  const Variables set = plan_for({}).set;
  for (const char* name : {"SSL_CERT_FILE",
                           "CURL_CA_BUNDLE",
                           "REQUESTS_CA_BUNDLE",
                           "PIP_CERT",
                           "GIT_SSL_CAINFO",
                           "CARGO_HTTP_CAINFO",
                           "DENO_CERT",
                           "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                           "NIX_SSL_CERT_FILE",
                           "CODEX_CA_CERTIFICATE",
                           "PERL_LWP_SSL_CA_FILE"}) {
    INFO(name);
    CHECK(set.at(name) == "/h/bundle.pem");
  }
  CHECK(set.at("NODE_EXTRA_CA_CERTS") == "/h/ca.pem");
  CHECK(set.at("WGETRC") == "/h/wgetrc");
  CHECK(set.at("PHP_INI_SCAN_DIR") == ":/h/php");
  CHECK_FALSE(set.contains("npm_config_cafile"));
}

TEST_CASE("O01 F45 an inherited NO_PROXY stays, less what covers a bound host, which is told") {
  const Variables inherited = {
      {"NO_PROXY", "*,wiki.corp.example,10.0.0.0/8"},
      {"no_proxy", ".github.com build.corp.example:8443 wiki.corp.example"}};
  const EnvironmentPlan plan = plan_for(inherited, {}, {{"api.github.com", false, 443}});
  const Variables result = apply_plan(inherited, plan);
  CHECK(result.at("NO_PROXY") ==
        "localhost,127.0.0.1,::1,[::1],wiki.corp.example,10.0.0.0/8,build.corp.example:8443");
  CHECK(result.at("no_proxy") == result.at("NO_PROXY"));
  CHECK(has_warning(plan, "`*` of your NO_PROXY is left out: api.github.com has a binding"));
  CHECK(has_warning(plan, "`.github.com`"));
  CHECK(plan.warnings.size() == 2);
  CHECK(
      result.at("JAVA_TOOL_OPTIONS")
          .find(
              "nonProxyHosts=localhost|127.*|[::1]|wiki.corp.example|*.wiki.corp.example|10.* ") !=
      std::string::npos);
  CHECK(plan_for({{"NO_PROXY", "localhost,127.0.0.1,::1,[::1]"}}).warnings.empty());
}

TEST_CASE("a proxy beyond loopback is asked directly, but where its host has a binding") {
  const auto list = [](const std::string& address, const std::vector<BoundHost>& bound) {
    return plan_environment({{"NO_PROXY", "wiki.corp"}}, {address, ""}, some_files(), {}, "", bound)
        .set.at("NO_PROXY");
  };
  const std::string own = "localhost,127.0.0.1,::1,[::1],";
  CHECK(list("host.docker.internal:8472", {}) == own + "host.docker.internal,wiki.corp");
  CHECK(list("[fd00::1]:8472", {}) == own + "[fd00::1],fd00::1,wiki.corp");
  CHECK(list("[::1]:8472", {}) == own + "wiki.corp");
  CHECK(list("10.0.0.1:8472", {{"10.0.0.1", false, 443}}) == own + "wiki.corp");
}

TEST_CASE("F45 npm's own list stays likewise, whatever the case of its name") {
  const std::string name = GENERATE("npm_config_noproxy", "NPM_CONFIG_NOPROXY");
  const Variables inherited = {{name, "npm.corp.example,*.github.com"}};
  const EnvironmentPlan plan = plan_for(inherited, {}, {{"api.github.com", false, 443}});
  const Variables result = apply_plan(inherited, plan);
  CHECK(result.at("npm_config_noproxy") == "localhost,127.0.0.1,::1,[::1],npm.corp.example");
  CHECK_FALSE(result.contains("NPM_CONFIG_NOPROXY"));
  CHECK(has_warning(plan, "`*.github.com` of your npm_config_noproxy"));
  CHECK_FALSE(plan_for({{name, "*.github.com"}}, {}, {{"api.github.com", false, 443}})
                  .set.contains("npm_config_noproxy"));
}

TEST_CASE("F45 Java's own list stays likewise") {
  const EnvironmentPlan plan = plan_for(
      {{"JAVA_TOOL_OPTIONS", "-Dhttp.nonProxyHosts=localhost|*.corp.example|*.github.com"}},
      {},
      {{"api.github.com", false, 443}});
  CHECK(plan.set.at("JAVA_TOOL_OPTIONS")
            .find("nonProxyHosts=localhost|127.*|[::1]|*.corp.example ") != std::string::npos);
  CHECK(has_warning(plan, "`*.github.com` of your http.nonProxyHosts"));
}

TEST_CASE("O01 variables that bypass the proxy or weaken the checks are removed, in any case") {
  const Variables inherited = {{"NODE_TLS_REJECT_UNAUTHORIZED", "0"},
                               {"GIT_SSL_NO_VERIFY", "1"},
                               {"PYTHONHTTPSVERIFY", "0"},
                               {"NPM_CONFIG_HTTPS_PROXY", "http://corp"},
                               {"npm_config_strict_ssl", "false"},
                               {"KEYSWAP_PASSWORD_FILE", "/secret"},
                               {"Https_Proxy", "http://corp"},
                               {"KEPT", "1"}};
  const Variables result = apply_plan(inherited, plan_for(inherited));
  for (const char* name : {"NODE_TLS_REJECT_UNAUTHORIZED",
                           "GIT_SSL_NO_VERIFY",
                           "PYTHONHTTPSVERIFY",
                           "NPM_CONFIG_HTTPS_PROXY",
                           "npm_config_strict_ssl",
                           "KEYSWAP_PASSWORD_FILE",
                           "Https_Proxy"}) {
    INFO(name);
    CHECK_FALSE(result.contains(name));
  }
  CHECK(result.at("KEPT") == "1");
}

TEST_CASE("what switches a client's checks off is taken away, and told in every format") {
  const EnvironmentPlan plan =
      plan_for({{"NODE_TLS_REJECT_UNAUTHORIZED", "0"}, {"NPM_CONFIG_STRICT_SSL", "false"}});
  CHECK(has_warning(plan, "NODE_TLS_REJECT_UNAUTHORIZED of your shell is taken away"));
  CHECK(has_warning(plan, "NPM_CONFIG_STRICT_SSL"));
  const EnvironmentPlan harmless = plan_for({{"NODE_TLS_REJECT_UNAUTHORIZED", "1"}});
  CHECK(harmless.warnings.empty());
  CHECK(harmless.removed.size() == 1);
}

TEST_CASE("AWS_CA_BUNDLE is replaced where it is set, and set nowhere else") {
  CHECK_FALSE(plan_for({}).set.contains("AWS_CA_BUNDLE"));  // rclone would not start
  CHECK(plan_for({{"AWS_CA_BUNDLE", "/corp.pem"}}).set.at("AWS_CA_BUNDLE") == "/h/bundle.pem");
  CHECK(inherited_root_files({{"AWS_CA_BUNDLE", "/corp.pem"}}).size() == 1);
}

TEST_CASE("a name that npm takes in any case is there once") {
  ClientFiles files = some_files();
  files.npm_cafile = "/h/bundle.pem";
  const Variables inherited = {{"NPM_CONFIG_CAFILE", "/corp.pem"}};
  const auto plan = plan_environment(inherited, {"127.0.0.1:8472", ""}, files, {}, "/h");
  CHECK(apply_plan(inherited, plan).at("npm_config_cafile") == "/h/bundle.pem");
  CHECK_FALSE(apply_plan(inherited, plan).contains("NPM_CONFIG_CAFILE"));
}

TEST_CASE("Mercurial and apt get our settings after the user's own") {
  ClientFiles files = some_files();
  files.hgrc = "/h/hgrc";
  files.apt_config = "/h/apt.conf";
  const auto set = [&files](const Variables& inherited) {
    return plan_environment(inherited, {"127.0.0.1:8472", ""}, files, {}, "/h").set;
  };
  CHECK(set({{"HOME", "/u"}}).at("HGRCPATH") ==
        "/etc/mercurial/hgrc:/etc/mercurial/hgrc.d:/u/.hgrc:/u/.config/hg/hgrc:/h/hgrc");
  CHECK(set({{"HGRCPATH", "/own"}}).at("HGRCPATH") == "/own:/h/hgrc");
  CHECK(set({{"HGRCPATH", "/own:/h/hgrc"}}).at("HGRCPATH") == "/own:/h/hgrc");
  CHECK(set({}).at("APT_CONFIG") == "/h/apt.conf");
}

TEST_CASE("F46 NETRC is set only where the user's own must not be read as it is") {
  CHECK_FALSE(plan_for({{"NETRC", "/own"}}).set.contains("NETRC"));
  ClientFiles files = some_files();
  files.netrc = "/h/netrc";
  CHECK(plan_environment({}, {"127.0.0.1:8472", ""}, files, {}, "/h").set.at("NETRC") ==
        "/h/netrc");
}

TEST_CASE("Node loads our file besides the user's, once") {
  ClientFiles files = some_files();
  files.node_preload = "/h/node preload.cjs";
  const auto options = [&files](const Variables& inherited) {
    return plan_environment(inherited, {"127.0.0.1:8472", ""}, files, {}, "/h").set["NODE_OPTIONS"];
  };
  const std::string ours = R"("--require=/h/node preload.cjs")";
  CHECK(options({}) == ours);
  CHECK(options({{"NODE_OPTIONS", "--require=/own.js"}}) == "--require=/own.js " + ours);
  CHECK(options({{"NODE_OPTIONS", ours}}).empty());  // it stays as it is
  CHECK_FALSE(plan_for({}).set.contains("NODE_OPTIONS"));
}

TEST_CASE("a secret's variable holds its placeholder in place of the shell's real one") {
  const Variables inherited = {{"OPENAI_API_KEY", "sk-real"}};
  const Variables result =
      apply_plan(inherited, plan_for(inherited, {{"OPENAI_API_KEY", "sk-PLACEHOLDER"}}));
  CHECK(result.at("OPENAI_API_KEY") == "sk-PLACEHOLDER");
  const auto told = [](const std::string& before) {
    return has_warning(plan_for({{"OPENAI_API_KEY", before}, {"OTHER_KEY", "real"}},
                                {{"OPENAI_API_KEY", "sk-PLACEHOLDER"}}),
                       "a value of its own for OPENAI_API_KEY:");
  };
  CHECK(told("sk-real"));
  CHECK_FALSE(told("sk-PLACEHOLDER"));
}

TEST_CASE("O06 a placeholder never takes the name of a variable that has another use") {
  const std::string name = GENERATE("HTTPS_PROXY",
                                    "https_proxy",
                                    "PATH",
                                    "LD_PRELOAD",
                                    "NODE_OPTIONS",
                                    "SSL_CERT_FILE",
                                    "a.b",
                                    "A-B",
                                    "1A");
  const Variables inherited = {{"PATH", "/bin"}};
  const EnvironmentPlan plan = plan_for(inherited, {{name, "sk-PLACEHOLDER"}});
  const Variables result = apply_plan(inherited, plan);
  CHECK(std::ranges::none_of(result,
                             [](const auto& entry) { return entry.second == "sk-PLACEHOLDER"; }));
  CHECK(has_warning(plan, name));
}

TEST_CASE("Java gets the proxy and the key store after the user's own options") {
  const Variables set = plan_for({{"JAVA_TOOL_OPTIONS", "-Xmx1g -Dhttps.proxyHost=corp"}}).set;
  CHECK(set.at("JAVA_TOOL_OPTIONS") ==
        "-Xmx1g -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=8472 -Dhttps.proxyHost=127.0.0.1 "
        "-Dhttps.proxyPort=8472 -Dhttp.nonProxyHosts=localhost|127.*|[::1] "
        "-Djavax.net.ssl.trustStore=/h/store.jks -Djavax.net.ssl.trustStoreType=jks "
        "-Djavax.net.ssl.trustStorePassword=changeit");
}

TEST_CASE("git's own proxy setting is overruled after the settings that the user passes") {
  const Variables set = plan_for({{"GIT_CONFIG_COUNT", "2"}}).set;
  CHECK(set.at("GIT_CONFIG_COUNT") == "3");
  CHECK(set.at("GIT_CONFIG_KEY_2") == "http.proxy");
  CHECK(set.at("GIT_CONFIG_VALUE_2") == "http://127.0.0.1:8472");
  CHECK_FALSE(plan_for({{"GIT_CONFIG_COUNT", "x"}}).set.contains("GIT_CONFIG_COUNT"));
}

TEST_CASE("a run inside a run changes nothing") {
  Variables inherited = {{"PATH", "/bin"}, {"PHP_INI_SCAN_DIR", "/etc/php"}};
  const Variables once = apply_plan(inherited, plan_for(inherited));
  const Variables twice = apply_plan(once, plan_for(once));
  CHECK(once == twice);
}

TEST_CASE("the roots that the user's variables name are found, each once") {
  CHECK(inherited_root_files({{"SSL_CERT_FILE", "/corp.pem"},
                              {"CURL_CA_BUNDLE", "/corp.pem"},
                              {"NODE_EXTRA_CA_CERTS", "/extra.pem"},
                              {"PIP_CERT", ""}}) ==
        std::vector<std::string>{"/corp.pem", "/extra.pem"});
}

TEST_CASE("Node's --use-openssl-ca is taken out, the other options stay") {
  const EnvironmentPlan plan =
      plan_for({{"NODE_OPTIONS", "--max-old-space-size=99 --use-openssl-ca"}});
  CHECK(plan.set.at("NODE_OPTIONS") == "--max-old-space-size=99");
  CHECK(has_warning(plan, "--use-openssl-ca"));
}

TEST_CASE("each format quotes so that its reader gets the value back") {
  const std::string awkward = R"(it's "a" $HOME `x` \n)";
  const EnvironmentPlan plan{{{"A", awkward}}, {}, {}};
  CHECK(text_of(plan, EnvironmentFormat::sh) == "export A='it'\\''s \"a\" $HOME `x` \\n'\n");
  CHECK(text_of(plan, EnvironmentFormat::fish) == "set -gx A 'it\\'s \"a\" $HOME `x` \\\\n'\n");
  CHECK(text_of(plan, EnvironmentFormat::json) ==
        "{\n  \"A\": \"it's \\\"a\\\" $HOME `x` \\\\n\"\n}\n");
  CHECK(text_of(plan, EnvironmentFormat::github) == "A=" + awkward + "\n");
}

TEST_CASE("what clients must not see is unset, or the format is refused") {
  const EnvironmentPlan plan{{{"A", "1"}}, {"GIT_SSL_NO_VERIFY"}, {}};
  CHECK(text_of(plan, EnvironmentFormat::sh) == "unset GIT_SSL_NO_VERIFY\nexport A='1'\n");
  CHECK(text_of(plan, EnvironmentFormat::fish) == "set -e GIT_SSL_NO_VERIFY\nset -gx A '1'\n");
  CHECK(text_of(plan, EnvironmentFormat::json) ==
        "{\n  \"A\": \"1\",\n  \"GIT_SSL_NO_VERIFY\": null\n}\n");
  for (const EnvironmentFormat format :
       {EnvironmentFormat::dotenv, EnvironmentFormat::docker, EnvironmentFormat::github}) {
    auto refused = format_environment(plan, format);
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().exit == Exit::usage);
    CHECK(refused.failure().what.starts_with("GIT_SSL_NO_VERIFY is set"));
    CHECK(refused.failure().hint.find("env -u GIT_SSL_NO_VERIFY keyswap env") != std::string::npos);
  }
}

TEST_CASE("a runner is told in a line of its own what to show nowhere") {
  CHECK(mask_line("kswc_ci.token") == "::add-mask::kswc_ci.token\n");
}

TEST_CASE("a value of several lines cannot smuggle a second variable into GITHUB_ENV") {
  const EnvironmentPlan plan{{{"A", "1\nKEYSWAP_END\nB=2"}}, {}, {}};
  CHECK(text_of(plan, EnvironmentFormat::github) ==
        "A<<KEYSWAP_END_\n1\nKEYSWAP_END\nB=2\nKEYSWAP_END_\n");
}

TEST_CASE("a value in a .env file is one that every reader reads alike, or there is no file") {
  const auto dotenv_of = [](const std::string& value) {
    return text_of({{{"A", value}}, {}, {}}, EnvironmentFormat::dotenv);
  };
  CHECK(dotenv_of("x$y\\z") == "A='x$y\\z'\n");
  CHECK(dotenv_of("a `b` \"c\" $(d)") == "A='a `b` \"c\" $(d)'\n");
  CHECK(dotenv_of("it's") == "A=\"it's\"\n");
  CHECK(dotenv_of("") == "A=''\n");
  const std::string value = GENERATE("it's `x`",
                                     "it's $HOME",
                                     "it's \"a\"",
                                     "it's \\",
                                     "two\nlines",
                                     "a\r",
                                     "ends in \\",
                                     "a\\\\b");
  INFO(value);
  CHECK_FALSE(format_environment({{{"A", value}}, {}, {}}, EnvironmentFormat::dotenv));
}

TEST_CASE("docker's env files have values as they are, and none that would be two lines") {
  const auto docker_of = [](const std::string& value) {
    return format_environment({{{"A", value}}, {}, {}}, EnvironmentFormat::docker);
  };
  for (const std::string value : {R"(it's "a" $HOME `x` \n # no comment)", " blanks ", ""}) {
    auto text = docker_of(value);
    REQUIRE(text);
    CHECK(text.value() == "A=" + value + "\n");
  }
  CHECK_FALSE(docker_of("two\nlines"));
  CHECK_FALSE(docker_of("ends in\r"));
}

TEST_CASE("a shell reads back what the formats for it write") {
  const EnvironmentFormat format = GENERATE(EnvironmentFormat::sh, EnvironmentFormat::dotenv);
  const std::string value = GENERATE("plain", "it's", "'", "a\nb", "$(id) `id` \\ \"", "-n", "");
  auto text = format_environment({{{"KS_TEST", value}}, {}, {}}, format);
  if (!text) {
    CHECK(format == EnvironmentFormat::dotenv);
    return;
  }
  const std::string command = text.value() + "printf %s \"$KS_TEST\"";
  FILE* shell = popen(command.c_str(), "r");
  REQUIRE(shell != nullptr);
  std::array<char, 256> read_back{};
  const std::size_t size = std::fread(read_back.data(), 1, read_back.size(), shell);
  CHECK(pclose(shell) == 0);
  CHECK(std::string(read_back.data(), size) == value);
}

}  // namespace keyswap::cli
