// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_environment.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/cli/caller_choice.h"
#include "proxy/cli/java_options.h"
#include "proxy/cli/no_proxy.h"
#include "proxy/cli/node_preload.h"
#include "proxy/cli/variable_words.h"
#include "vault/caller_token.h"

namespace keyswap::cli {

namespace {

// Set in upper and lower case: curl reads only http_proxy, some JavaScript tools only HTTP_PROXY.
// aiohttp looks for one of each scheme, those of WebSockets too.
constexpr std::array<std::string_view, 6> kProxyNames = {
    "HTTP_PROXY", "HTTPS_PROXY", "WS_PROXY", "WSS_PROXY", "ALL_PROXY", "GRPC_PROXY"};

// Of clients of which a settings file (npmrc, cargo's config.toml) may name another proxy: that
// would win over those above, and gives way to these. All of them heed NO_PROXY.
constexpr std::array<std::string_view, 6> kOwnProxyNames = {"npm_config_proxy",
                                                            "npm_config_https_proxy",
                                                            "CARGO_HTTP_PROXY",
                                                            "YARN_HTTP_PROXY",
                                                            "YARN_HTTPS_PROXY",
                                                            "OPENCLAW_PROXY_URL"};

// Replace a client's roots: must hold the host's roots too, or tunnelled hosts are not trusted.
constexpr std::array<std::string_view, 16> kBundleNames = {"SSL_CERT_FILE",
                                                           "CURL_CA_BUNDLE",
                                                           "REQUESTS_CA_BUNDLE",
                                                           "PIP_CERT",
                                                           "GIT_SSL_CAINFO",
                                                           "YARN_HTTPS_CA_FILE_PATH",
                                                           "DENO_CERT",
                                                           "CARGO_HTTP_CAINFO",
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
constexpr std::array<std::string_view, 11> kRemovedNames = {"NODE_TLS_REJECT_UNAUTHORIZED",
                                                            "GIT_SSL_NO_VERIFY",
                                                            "PYTHONHTTPSVERIFY",
                                                            "npm_config_strict_ssl",
                                                            "npm_config_http_proxy",
                                                            "npm_config_noproxy",
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

// Of those, what switches checks off, and by which value ("" = any).
struct Weakening {
  std::string_view name;
  std::string_view value;
};

constexpr std::array<Weakening, 4> kWeakenings = {{{"NODE_TLS_REJECT_UNAUTHORIZED", "0"},
                                                   {"GIT_SSL_NO_VERIFY", ""},
                                                   {"PYTHONHTTPSVERIFY", "0"},
                                                   {"NPM_CONFIG_STRICT_SSL", "false"}}};

// Replaced where the user has it, and not set by us: programs on Go's SDK that have a transport of
// their own (rclone) do not start with it. They read SSL_CERT_FILE, the AWS CLI and boto
// REQUESTS_CA_BUNDLE.
constexpr const char* kAwsBundle = "AWS_CA_BUNDLE";

const std::string* find(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? nullptr : &found->second;
}

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string value_or_empty(const Variables& variables, const std::string& name) {
  const std::string* value = find(variables, name);
  return value == nullptr ? "" : *value;
}

class Planner {
 public:
  Planner(const Variables& inherited,
          const ProxyAccess& access,
          const ClientFiles& files,
          const std::vector<BoundHost>& bound)
      : inherited_(inherited),
        files_(files),
        bound_(bound),
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
    plan_.java_advice =
        "Java programs do not take the caller's token from their environment: the proxy answers "
        "them 407 unless they are given it (keyswap help callers)";
  }

  void plan_proxy() {
    for (const std::string_view name : kProxyNames) {
      plan_.set[std::string(name)] = url_;
      plan_.set[base::to_lower(name)] = url_;
    }
    for (const std::string_view name : kOwnProxyNames) {
      plan_.set[std::string(name)] = url_;
    }
    if (files_.pip_has_proxy) {
      plan_.set["PIP_PROXY"] = url_;  // else not: with it pip does not heed NO_PROXY
    }
    std::vector<std::string> users;
    for (const char* name : {"NO_PROXY", "no_proxy"}) {
      std::ranges::copy(split_no_proxy(value_or_empty(inherited_, name)),
                        std::back_inserter(users));
    }
    direct_ = judge_bypasses(users, bound_);
    plan_own_host();
    std::string list(kOwnNoProxy);
    for (const std::string& entry : direct_.kept) {
      list += "," + entry;
    }
    plan_.set["NO_PROXY"] = list;
    plan_.set["no_proxy"] = list;
    warn_of_left_out(direct_, "NO_PROXY");
    plan_npm_list(list);
  }

  // The proxy is asked directly also where it is not on this loopback (in a container): for its
  // reverse routes, and by libraries that speak to their proxy as to any server.
  void plan_own_host() {
    std::vector<std::string> own = {host_};
    if (host_.starts_with('[')) {
      own.push_back(host_.substr(1, host_.size() - 2));
    }
    std::ranges::copy(direct_.kept, std::back_inserter(own));
    direct_.kept = judge_bypasses(own, bound_).kept;
  }

  // npm reads a list of its own in place of NO_PROXY.
  void plan_npm_list(const std::string& list) {
    constexpr const char* kName = "npm_config_noproxy";
    std::vector<std::string> users;
    for (const auto& [name, value] : inherited_) {
      if (base::to_lower(name) == kName) {
        users = split_no_proxy(value);
      }
    }
    const BypassList own = judge_bypasses(users, bound_);
    warn_of_left_out(own, kName);
    if (!own.kept.empty()) {
      plan_.set[kName] = list;
      for (const std::string& entry : own.kept) {
        plan_.set[kName] += "," + entry;
      }
    }
  }

  void warn_of_left_out(const BypassList& list, const std::string& name) {
    for (const LeftOut& one : list.left_out) {
      plan_.warnings.push_back("`" + one.entry + "` of your " + name + " is left out: " + one.host +
                               " has a binding, and would be called without the proxy");
    }
  }

  void plan_roots() {
    for (const std::string_view name : kBundleNames) {
      plan_.set[std::string(name)] = files_.bundle;
    }
    if (find(inherited_, kAwsBundle) != nullptr) {
      plan_.set[kAwsBundle] = files_.bundle;
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

  void plan_java() {
    const std::string before = value_or_empty(inherited_, "JAVA_TOOL_OPTIONS");
    const BypassList own = judge_bypasses(java_direct_hosts(before), bound_);
    warn_of_left_out(own, "http.nonProxyHosts");
    JavaSettings settings{host_, port_, files_.java_store, own.kept};
    std::ranges::copy(java_globs(direct_.kept), std::back_inserter(settings.direct));
    plan_.set["JAVA_TOOL_OPTIONS"] = java_tool_options(before, settings);
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
    if (!files_.netrc.empty()) {
      plan_.set["NETRC"] = files_.netrc;
    }
    if (!files_.apt_config.empty()) {
      plan_.set["APT_CONFIG"] = files_.apt_config;
    }
    if (!files_.hgrc.empty()) {
      plan_.set["HGRCPATH"] = hgrc_path();
    }
  }

  // The variable replaces where Mercurial looks by itself: that comes first, ours last.
  [[nodiscard]] std::string hgrc_path() const {
    if (const std::string* before = find(inherited_, "HGRCPATH")) {
      return before->find(files_.hgrc) != std::string::npos ? *before : *before + ":" + files_.hgrc;
    }
    std::string path = "/etc/mercurial/hgrc:/etc/mercurial/hgrc.d";
    const std::string home = value_or_empty(inherited_, "HOME");
    const std::string config = value_or_empty(inherited_, "XDG_CONFIG_HOME");
    if (!home.empty()) {
      path += ":" + home + "/.hgrc";
      path += ":" + (config.empty() ? home + "/.config" : config) + "/hg/hgrc";
    }
    return path + ":" + files_.hgrc;
  }

  void plan_node() {
    plan_.set["NODE_USE_ENV_PROXY"] = "1";
    const std::string before = value_or_empty(inherited_, "NODE_OPTIONS");
    std::string options = before;
    auto words = split_words(before);
    if (std::erase(words, "--use-openssl-ca") > 0) {  // with it NODE_EXTRA_CA_CERTS is not read
      options = join_words(words);
      plan_.warnings.emplace_back(
          "--use-openssl-ca was taken out of NODE_OPTIONS: Node would not trust the proxy");
    }
    const std::string preload =
        files_.node_preload.empty() ? "" : node_preload_option(files_.node_preload);
    if (options.find(preload) == std::string::npos) {
      options += (options.empty() ? "" : " ") + preload;
    }
    if (options != before) {
      plan_.set["NODE_OPTIONS"] = options;
    }
  }

  // Names in another case of what is set, and what would weaken or bypass.
  void plan_removals() {
    std::set<std::string> set_names;
    for (const auto& [name, value] : plan_.set) {
      set_names.insert(base::to_upper(name));
    }
    for (const auto& [name, value] : inherited_) {
      const std::string upper = base::to_upper(name);
      const bool is_unwanted = std::ranges::any_of(kRemovedNames, [&](std::string_view removed) {
        return base::to_upper(removed) == upper;
      });
      const bool is_twin = !plan_.set.contains(name) && set_names.contains(upper);
      if ((is_unwanted && !plan_.set.contains(name)) || is_twin) {
        plan_.removed.push_back(name);
        warn_of_weakening(name, value);
      }
    }
  }

  void warn_of_weakening(const std::string& name, const std::string& value) {
    const std::string upper = base::to_upper(name);
    const auto* const found = std::ranges::find(kWeakenings, upper, &Weakening::name);
    if (found != kWeakenings.end() && (found->value.empty() || found->value == value)) {
      plan_.warnings.push_back(
          name + " of your shell is taken away: with it a client does not check who answers");
    }
  }

  void plan_placeholders(const std::vector<Placeholder>& placeholders) {
    std::string replaced;
    for (const auto& [name, text] : placeholders) {
      const bool is_reserved = plan_.set.contains(name) || name.starts_with("LD_") ||
                               std::ranges::find(kReservedNames, name) != kReservedNames.end();
      if (!is_variable_name(name) || is_reserved) {
        plan_.warnings.push_back(
            "the placeholder of " + name + " is not set: " +
            (is_reserved ? "the variable has another use" : "that is no name for a variable"));
        continue;
      }
      const std::string* before = find(inherited_, name);
      if (before != nullptr && !before->empty() && *before != text) {
        replaced += (replaced.empty() ? "" : ", ") + name;
      }
      plan_.set[name] = text;
      std::erase(plan_.removed, name);
    }
    if (!replaced.empty()) {
      plan_.warnings.push_back("your shell has a value of its own for " + replaced +
                               ": the placeholder takes its place");
    }
  }

  const Variables& inherited_;
  const ClientFiles& files_;
  const std::vector<BoundHost>& bound_;
  BypassList direct_;
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
                                 std::string_view session,
                                 const std::vector<BoundHost>& bound) {
  return Planner(inherited, access, files, bound).plan(placeholders, session);
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
  add(kAwsBundle);
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
