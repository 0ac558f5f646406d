// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_environment.h"

#include <algorithm>
#include <array>

#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/cli/caller_choice.h"
#include "proxy/cli/trust.h"
#include "vault/caller_token.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kNoProxy = "localhost,127.0.0.1,::1,[::1]";

// Set in upper and lower case: curl reads only http_proxy, some JavaScript tools only HTTP_PROXY.
constexpr std::array<std::string_view, 5> kProxyNames = {
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "GRPC_PROXY"};

// Replace a client's roots: must hold the host's roots too, or tunnelled hosts are not trusted.
constexpr std::array<std::string_view, 17> kBundleNames = {"SSL_CERT_FILE",
                                                           "CURL_CA_BUNDLE",
                                                           "REQUESTS_CA_BUNDLE",
                                                           "PIP_CERT",
                                                           "GIT_SSL_CAINFO",
                                                           "YARN_HTTPS_CA_FILE_PATH",
                                                           "DENO_CERT",
                                                           "CARGO_HTTP_CAINFO",
                                                           "AWS_CA_BUNDLE",
                                                           "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
                                                           "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                                                           "BUNDLE_SSL_CA_CERT",
                                                           "COMPOSER_CAFILE",
                                                           "HEX_CACERTS_PATH",
                                                           "HTTPLIB2_CA_CERTS",
                                                           "NIX_SSL_CERT_FILE",
                                                           "CODEX_CA_CERTIFICATE"};

// Would lead past the proxy, weaken the check of its certificate, or hand the client what opens the
// vault.
constexpr std::array<std::string_view, 14> kRemovedNames = {"NODE_TLS_REJECT_UNAUTHORIZED",
                                                            "GIT_SSL_NO_VERIFY",
                                                            "PYTHONHTTPSVERIFY",
                                                            "npm_config_strict_ssl",
                                                            "npm_config_proxy",
                                                            "npm_config_http_proxy",
                                                            "npm_config_https_proxy",
                                                            "npm_config_noproxy",
                                                            "CARGO_HTTP_PROXY",
                                                            "PIP_PROXY",
                                                            "CLOUDSDK_PROXY_ADDRESS",
                                                            "CLOUDSDK_PROXY_PORT",
                                                            "CLOUDSDK_PROXY_TYPE",
                                                            "KEYSWAP_PASSWORD_FILE"};

// A secret named like one of these must not change how programs are found or loaded.
constexpr std::array<std::string_view, 12> kReservedNames = {"PATH",
                                                             "HOME",
                                                             "SHELL",
                                                             "USER",
                                                             "LOGNAME",
                                                             "IFS",
                                                             "ENV",
                                                             "BASH_ENV",
                                                             "TMPDIR",
                                                             "PYTHONPATH",
                                                             "NODE_PATH",
                                                             "NODE_OPTIONS"};

constexpr std::array<std::string_view, 8> kOurJavaOptions = {"-Dhttp.proxyHost=",
                                                             "-Dhttp.proxyPort=",
                                                             "-Dhttps.proxyHost=",
                                                             "-Dhttps.proxyPort=",
                                                             "-Dhttp.nonProxyHosts=",
                                                             "-Djavax.net.ssl.trustStore=",
                                                             "-Djavax.net.ssl.trustStoreType=",
                                                             "-Djavax.net.ssl.trustStorePassword="};

const std::string* find(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? nullptr : &found->second;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  });
  return upper;
}

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    if (end > 0) {
      words.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

class Planner {
 public:
  Planner(const Variables& inherited, const ProxyAccess& access, const ClientFiles& files)
      : inherited_(inherited),
        files_(files),
        token_(access.caller_token),
        host_(access.address.substr(0, access.address.rfind(':'))),
        port_(access.address.substr(access.address.rfind(':') + 1)),
        url_("http://" + user_information(access.caller_token) + access.address) {}

  EnvironmentPlan plan(const std::vector<Placeholder>& placeholders, std::string_view session) {
    plan_proxy();
    plan_caller();
    plan_roots();
    plan_java();
    plan_git();
    plan_overlays();
    plan_node();
    plan_removals();
    plan_placeholders(placeholders);
    plan_.set["KEYSWAP_SESSION"] = session;
    return std::move(plan_);
  }

 private:
  // "NAME:TOKEN@": both are unreserved characters of a URL (vault/caller_token.h).
  static std::string user_information(const std::string& token) {
    const auto name = vault::caller_of_token(token);
    return name ? std::string(*name) + ":" + token + "@" : "";
  }

  void plan_caller() {
    if (token_.empty()) {
      return;
    }
    plan_.set[kCallerTokenVariable] = token_;  // for programs that use the reverse routes
    plan_.warnings.emplace_back(
        "Java programs do not take the caller's token from their environment: the proxy answers "
        "them 407 unless they are given it (keyswap help callers)");
  }

  void plan_proxy() {
    for (const std::string_view name : kProxyNames) {
      const std::string_view value = name == "NO_PROXY" ? kNoProxy : std::string_view(url_);
      plan_.set[std::string(name)] = value;
      plan_.set[base::to_lower(name)] = value;
    }
    for (const char* name : {"YARN_HTTP_PROXY", "YARN_HTTPS_PROXY", "OPENCLAW_PROXY_URL"}) {
      plan_.set[name] = url_;
    }
    for (const char* name : {"NO_PROXY", "no_proxy"}) {
      const std::string* value = find(inherited_, name);
      if (value != nullptr && !value->empty() && *value != kNoProxy) {
        plan_.warnings.push_back(std::string(name) +
                                 " of your shell is not taken over: hosts in it " +
                                 "would be called without the proxy");
        return;
      }
    }
  }

  void plan_roots() {
    for (const std::string_view name : kBundleNames) {
      plan_.set[std::string(name)] = files_.bundle;
    }
    plan_.set["PERL_LWP_SSL_CA_FILE"] = files_.bundle;
    plan_.set["DENO_TLS_CA_STORE"] = "system,mozilla";
    plan_.set["NODE_EXTRA_CA_CERTS"] = files_.node_extra;
    if (!files_.npm_cafile.empty()) {
      plan_.set["npm_config_cafile"] = files_.npm_cafile;
    }
    const std::string* folder = find(inherited_, "SSL_CERT_DIR");
    if (folder != nullptr && *folder != "/etc/ssl/certs") {
      plan_.warnings.push_back(
          "SSL_CERT_DIR is " + *folder +
          ": a client that reads it and not SSL_CERT_FILE does not trust the proxy");
    }
  }

  // Options that name the proxy and the roots, after those that the user had.
  void plan_java() {
    std::vector<std::string> words = users_java_options();
    for (const char* scheme : {"http", "https"}) {
      words.push_back(std::string("-D") + scheme + ".proxyHost=" + host_);
      words.push_back(std::string("-D") + scheme + ".proxyPort=" + port_);
    }
    words.emplace_back("-Dhttp.nonProxyHosts=localhost|127.*|[::1]");
    if (!files_.java_store.empty()) {
      words.push_back(quote_java("-Djavax.net.ssl.trustStore=" + files_.java_store));
      words.emplace_back("-Djavax.net.ssl.trustStoreType=jks");
      words.push_back("-Djavax.net.ssl.trustStorePassword=" + std::string(kJavaStorePassword));
    }
    plan_.set["JAVA_TOOL_OPTIONS"] = join_words(words);
  }

  // Without those that an outer `run` put there.
  [[nodiscard]] std::vector<std::string> users_java_options() const {
    const std::string* before = find(inherited_, "JAVA_TOOL_OPTIONS");
    if (before == nullptr) {
      return {};
    }
    if (before->find_first_of("'\"") != std::string::npos) {
      return {*before};  // quoted words are not told apart here; of two options the last counts
    }
    std::vector<std::string> words = split_words(*before);
    std::erase_if(words, [](const std::string& word) {
      return std::ranges::any_of(kOurJavaOptions,
                                 [&](std::string_view ours) { return word.starts_with(ours); });
    });
    return words;
  }

  static std::string quote_java(const std::string& word) {
    return word.find_first_of(" \t") == std::string::npos ? word : "\"" + word + "\"";
  }

  // A proxy in the user's git configuration would win over the variables: ours is put after it.
  void plan_git() {
    std::size_t count = 0;
    if (const std::string* before = find(inherited_, "GIT_CONFIG_COUNT")) {
      if (before->size() > 3 ||
          !std::ranges::all_of(*before, [](char c) { return c >= '0' && c <= '9'; })) {
        return;  // git refuses it itself
      }
      for (const char c : *before) {
        count = count * 10 + static_cast<std::size_t>(c - '0');
      }
    }
    const std::string* last =
        count == 0 ? nullptr : find(inherited_, "GIT_CONFIG_KEY_" + std::to_string(count - 1));
    if (last != nullptr && *last == "http.proxy") {
      --count;  // a `run` inside a `run`
    }
    plan_.set["GIT_CONFIG_KEY_" + std::to_string(count)] = "http.proxy";
    plan_.set["GIT_CONFIG_VALUE_" + std::to_string(count)] = url_;
    plan_.set["GIT_CONFIG_COUNT"] = std::to_string(count + 1);
  }

  void plan_overlays() {
    if (!files_.wgetrc.empty()) {
      plan_.set["WGETRC"] = files_.wgetrc;
    }
    if (!files_.php_folder.empty()) {
      const std::string* before = find(inherited_, "PHP_INI_SCAN_DIR");
      // An empty first part stands for the folder that was compiled in.
      const bool has_it = before != nullptr && before->find(files_.php_folder) != std::string::npos;
      plan_.set["PHP_INI_SCAN_DIR"] =
          has_it ? *before : (before == nullptr ? "" : *before) + ":" + files_.php_folder;
    }
    // Python's requests prefers a netrc entry to the header it was given: a real credential would
    // go out.
    plan_.set["NETRC"] = "/dev/null";
  }

  void plan_node() {
    plan_.set["NODE_USE_ENV_PROXY"] = "1";
    const std::string* before = find(inherited_, "NODE_OPTIONS");
    if (before != nullptr && before->find("--use-openssl-ca") != std::string::npos) {
      auto words = split_words(*before);
      std::erase(words, "--use-openssl-ca");  // with it Node does not read NODE_EXTRA_CA_CERTS
      plan_.set["NODE_OPTIONS"] = join_words(words);
      plan_.warnings.emplace_back(
          "--use-openssl-ca was taken out of NODE_OPTIONS: Node would not trust the proxy");
    }
  }

  // Names in another case of what is set, and what would weaken or bypass.
  void plan_removals() {
    for (const auto& [name, value] : inherited_) {
      const std::string upper = to_upper(name);
      const bool is_unwanted = std::ranges::any_of(
          kRemovedNames, [&](std::string_view removed) { return to_upper(removed) == upper; });
      const bool is_twin = !plan_.set.contains(name) && plan_.set.contains(upper);
      if (is_unwanted || is_twin) {
        plan_.removed.push_back(name);
      }
    }
  }

  void plan_placeholders(const std::vector<Placeholder>& placeholders) {
    for (const auto& [name, text] : placeholders) {
      const bool is_reserved = plan_.set.contains(name) || name.starts_with("LD_") ||
                               std::ranges::find(kReservedNames, name) != kReservedNames.end();
      if (!is_variable_name(name) || is_reserved) {
        plan_.warnings.push_back(
            "the placeholder of " + name + " is not set: " +
            (is_reserved ? "the variable has another use" : "that is no name for a variable"));
        continue;
      }
      plan_.set[name] = text;
      std::erase(plan_.removed, name);
    }
  }

  const Variables& inherited_;
  const ClientFiles& files_;
  std::string token_;
  std::string host_;
  std::string port_;
  std::string url_;
  EnvironmentPlan plan_;
};

}  // namespace

EnvironmentPlan plan_environment(const Variables& inherited,
                                 const ProxyAccess& access,
                                 const ClientFiles& files,
                                 const std::vector<Placeholder>& placeholders,
                                 std::string_view session) {
  return Planner(inherited, access, files).plan(placeholders, session);
}

Variables apply_plan(const Variables& inherited, const EnvironmentPlan& plan) {
  Variables result = inherited;
  for (const std::string& name : plan.removed) {
    result.erase(name);
  }
  for (const auto& [name, value] : plan.set) {
    result[name] = value;
  }
  return result;
}

std::vector<std::string> inherited_root_files(const Variables& inherited) {
  std::vector<std::string> files;
  const auto add = [&](const std::string& name) {
    const std::string* value = find(inherited, name);
    if (value != nullptr && !value->empty() && std::ranges::find(files, *value) == files.end()) {
      files.push_back(*value);
    }
  };
  std::ranges::for_each(kBundleNames, [&](std::string_view name) { add(std::string(name)); });
  add("NODE_EXTRA_CA_CERTS");
  add("PERL_LWP_SSL_CA_FILE");
  return files;
}

Variables inherited_environment() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && equals > 0) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

}  // namespace keyswap::cli
