// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/base/clock.h"
#include "proxy/cli/bundle.h"
#include "proxy/cli/client_overlays.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_folder.h"
#include "proxy/cli/netrc.h"
#include "proxy/cli/node_preload.h"
#include "proxy/cli/npm_settings.h"
#include "proxy/cli/proxy_settings.h"
#include "proxy/cli/trust.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUserFileBytesMax = std::size_t{16} * 1024 * 1024;
constexpr std::size_t kFoldersKept = 8;
constexpr std::size_t kNameBytes = 12;
constexpr mode_t kPublicMode = 0644;
constexpr mode_t kPrivateMode = 0600;
constexpr mode_t kPublicFolderMode = 0755;

std::string value_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

std::string text_or_empty(const std::string& path) {
  auto text =
      path.empty() ? base::Result<std::string>(std::string()) : read_file(path, kUserFileBytesMax);
  return text ? std::move(text).value() : std::string();
}

bool is_inside(const std::string& path, const Home& home) {
  return path.starts_with(home.path + "/");
}

struct Roots {
  std::string ca;
  std::string bundle;
  bool has_more = false;  // than the host's and ca.pem: the user's own, or an old CA
  // May the bundle stand where npm's settings name roots? It replaces those that Node brings along.
  bool is_for_npm = false;
};

Outcome<Roots> collect_roots(const Home& home,
                             const Variables& inherited,
                             std::vector<std::string>& warnings) {
  const auto ca = read_file(home.ca(), kUserFileBytesMax);
  if (!ca) {
    return Failure{Exit::cannot,
                   "no CA certificate at " + home.ca() + ": " + explain(ca.error()),
                   "put it back from a backup, or make a new CA: keyswap ca rotate"};
  }
  std::vector<std::string> parts = {host_roots(), *ca};
  const std::size_t own_size = merge_pem(parts).size();
  std::vector<std::string> users_files = inherited_root_files(inherited);
  const std::vector<std::string> npm_files = npm_root_files(inherited);
  users_files.insert(users_files.end(), npm_files.begin(), npm_files.end());
  for (const std::string& path : users_files) {
    if (is_inside(path, home)) {
      continue;  // a `run` inside a `run`
    }
    const auto users = read_file(path, kUserFileBytesMax);
    if (!users) {
      warnings.push_back("the roots in " + path + " cannot be read, and are not taken over");
      continue;
    }
    parts.push_back(*users);
  }
  parts.push_back(living_old_roots(home, base::SystemClock().wall_us() / 1'000'000));
  Roots roots{*ca, merge_pem(parts), false, !npm_files.empty() || !parts.front().empty()};
  roots.has_more = roots.bundle.size() != own_size;
  return roots;
}

// The lines of a file that ours stands in for. In a `run` inside a `run` it is ours, whose last
// line is put there anew.
std::string users_text(const std::string& path, const Home& home) {
  std::string text = text_or_empty(path);
  if (!text.empty() && text.back() != '\n') {
    text += '\n';
  }
  if (is_inside(path, home) && text.size() > 1) {
    text.resize(text.rfind('\n', text.size() - 2) + 1);
  }
  return text;
}

std::string users_wgetrc(const Home& home, const Variables& inherited) {
  std::string path = value_of(inherited, "WGETRC");
  if (path.empty() && !value_of(inherited, "HOME").empty()) {
    path = value_of(inherited, "HOME") + "/.wgetrc";
  }
  return users_text(path, home);
}

constexpr const char* kNoNetrc = "/dev/null";

// Of the user's netrc.
struct Netrc {
  bool is_changed = false;  // else the client goes on with the user's
  std::string text;         // what stays; "" = nothing
};

Netrc collect_netrc(const Variables& inherited,
                    const std::vector<BoundHost>& bound,
                    const std::vector<std::string>& placeholders,
                    std::vector<std::string>& warnings) {
  std::string path = value_of(inherited, "NETRC");
  if (path.empty()) {
    path = value_of(inherited, "HOME") + "/.netrc";
  }
  std::error_code ignored;
  if (bound.empty() || !fs::is_regular_file(path, ignored)) {
    return {};
  }
  const auto text = read_file(path, kUserFileBytesMax);
  auto filtered = text ? filter_netrc(*text, bound, placeholders) : std::nullopt;
  if (!filtered) {
    warnings.push_back(path + " is not understood, and hidden from clients that read $NETRC");
    return {true, ""};
  }
  if (filtered->left_out.empty()) {
    return {};
  }
  std::string names;
  for (const std::string& name : filtered->left_out) {
    names += (names.empty() ? "" : ", ") + name;
  }
  warnings.push_back(path + ": not passed on, because of the bindings: " + names +
                     " (curl and git look there themselves)");
  return {true, std::move(filtered->text)};
}

void forget_old_folders(const HomeFolder& folder, const std::string& used) {
  folder.touch(used);
  std::size_t kept = 0;
  for (const std::string& name : folder.names()) {
    if (is_hex_name(name, kNameBytes) && ++kept > kFoldersKept) {
      folder.remove(name);
    }
  }
}

// What goes into the files, besides where they are.
struct Contents {
  Roots roots;
  std::string wgetrc;  // the user's
  std::string apt;     // the user's
  Netrc netrc;
};

std::string folder_name(const Contents& contents) {
  const std::string all = contents.roots.bundle + '\0' + contents.wgetrc + '\0' + contents.apt +
                          '\0' + contents.netrc.text;
  return base::to_hex(sha1(all)).substr(0, kNameBytes);
}

ClientFiles name_files(const Home& home, const Contents& contents, Preload preload) {
  const std::string folder = home.clients() + "/" + folder_name(contents);
  ClientFiles files;
  files.ca = home.ca();
  files.bundle = folder + "/bundle.pem";
  files.node_extra = contents.roots.has_more ? files.bundle : files.ca;
  files.java_store = folder + "/truststore.jks";
  files.wgetrc = folder + "/wgetrc";
  files.php_folder = folder + "/php";
  files.npm_cafile = contents.roots.is_for_npm ? files.bundle : "";
  files.hgrc = folder + "/hgrc";
  // What root's apt starts fetches as another user, who cannot read this home.
  files.apt_config = geteuid() == 0 ? "" : folder + "/apt.conf";
  files.netrc = !contents.netrc.is_changed    ? ""
                : contents.netrc.text.empty() ? kNoNetrc
                                              : folder + "/netrc";
  files.node_preload = preload == Preload::yes ? home.clients() + "/node-preload.cjs" : "";
  return files;
}

base::Status write_if_named(const std::string& path, std::string_view text, mode_t mode) {
  return path.empty() || path == kNoNetrc ? base::Status()
                                          : write_file_if_changed(path, text, mode);
}

base::Status write_all_files(const Home& home, const Contents& contents, const ClientFiles& files) {
  const Roots& roots = contents.roots;
  const std::string name = fs::path(files.bundle).parent_path().filename().string();
  const auto clients = HomeFolder::open(home.clients());
  if (!clients) {
    return clients.error();
  }
  const auto ours = clients->open_inside(name);
  if (!ours) {
    return ours.error();
  }
  if (const auto php = ours->open_inside("php"); !php) {
    return php.error();
  }
  KS_TRY(write_file_if_changed(files.bundle, roots.bundle, kPublicMode));
  KS_TRY(write_file_if_changed(files.java_store, java_key_store(roots.bundle), kPublicMode));
  KS_TRY(write_file_if_changed(
      files.wgetrc, wgetrc_text(contents.wgetrc, files.bundle), kPrivateMode));
  KS_TRY(write_file_if_changed(
      files.php_folder + "/keyswap.ini", php_text(files.bundle), kPublicMode));
  KS_TRY(write_file_if_changed(files.hgrc, hgrc_text(files.bundle), kPublicMode));
  KS_TRY(
      write_if_named(files.apt_config, apt_config_text(contents.apt, files.bundle), kPrivateMode));
  KS_TRY(write_if_named(files.netrc, contents.netrc.text, kPrivateMode));
  KS_TRY(write_if_named(files.node_preload, node_preload_text(), kPublicMode));
  forget_old_folders(*clients, name);
  return {};
}

// For others: below `folder`, named in their own text as they are seen in `seen_at`.
base::Status write_for_others(const std::string& folder,
                              const std::string& seen_at,
                              const Roots& roots) {
  const std::string bundle = seen_at + "/bundle.pem";
  const std::string php = folder + "/php";
  if (const auto made = HomeFolder::open(php); !made) {
    return made.error();
  }
  if (chmod(php.c_str(), kPublicFolderMode) != 0) {
    return base::Error{base::write_errc(errno), "cannot open the folder to others", errno};
  }
  KS_TRY(write_file(folder + "/ca.pem", roots.ca, kPublicMode));
  KS_TRY(write_file(folder + "/bundle.pem", roots.bundle, kPublicMode));
  KS_TRY(write_file(folder + "/truststore.jks", java_key_store(roots.bundle), kPublicMode));
  KS_TRY(write_file(folder + "/wgetrc", wgetrc_text("", bundle), kPublicMode));
  KS_TRY(write_file(folder + "/hgrc", hgrc_text(bundle), kPublicMode));
  KS_TRY(write_file(folder + "/apt.conf", apt_config_text("", bundle), kPublicMode));
  KS_TRY(write_file(folder + "/node-preload.cjs", node_preload_text(), kPublicMode));
  return write_file(php + "/keyswap.ini", php_text(bundle), kPublicMode);
}

// A proxy that the shell needs to get out is not used in passing: it would see whom we call.
void warn_of_shells_proxy(const Variables& inherited,
                          const bindings::Bindings& bindings,
                          std::vector<std::string>& warnings) {
  if (bindings.upstream.proxy != nullptr || inherited.contains("KEYSWAP_SESSION")) {
    return;
  }
  for (const char* name : {"HTTPS_PROXY", "https_proxy"}) {
    if (!value_of(inherited, name).empty()) {
      warnings.push_back(std::string(name) +
                         " of your shell names another proxy, and keyswap does not go through it: "
                         "if it has to, say so in bindings.yaml (upstream.proxy)");
      return;
    }
  }
}

}  // namespace

Outcome<PreparedFiles> prepare_client_files(const Home& home,
                                            const Variables& inherited,
                                            const std::vector<BoundHost>& bound,
                                            Preload preload,
                                            const std::vector<std::string>& placeholders) {
  PreparedFiles prepared;
  auto roots = collect_roots(home, inherited, prepared.warnings);
  if (!roots) {
    return roots.failure();
  }
  const Contents contents{std::move(roots).value(),
                          users_wgetrc(home, inherited),
                          users_text(value_of(inherited, "APT_CONFIG"), home),
                          collect_netrc(inherited, bound, placeholders, prepared.warnings)};
  prepared.files = name_files(home, contents, preload);
  prepared.files.pip_has_proxy = pip_names_proxy(inherited);
  for (const std::string& file : curl_files_with_proxy(inherited)) {
    prepared.warnings.push_back(file +
                                " says which proxy curl uses: it goes past this one, except "
                                "with -q");
  }
  if (const auto written = write_all_files(home, contents, prepared.files); !written) {
    return Failure{
        Exit::cannot,
        "cannot write the clients' files in " + home.clients() + ": " + explain(written.error()),
        "check the home's modes and the disk"};
  }
  if (host_roots_path().empty()) {
    prepared.warnings.emplace_back(
        "this host has no root certificates: hosts that are only tunnelled are not trusted");
  }
  return prepared;
}

Outcome<ClientFiles> write_public_files(const Home& home,
                                        const std::string& folder,
                                        const std::string& seen_at) {
  std::vector<std::string> none;
  auto roots = collect_roots(home, {}, none);
  if (!roots) {
    return roots.failure();
  }
  if (const auto written = write_for_others(folder, seen_at, roots.value()); !written) {
    return Failure{Exit::cannot,
                   "cannot write the clients' files in " + folder + ": " + explain(written.error()),
                   "check the folder's modes and the disk"};
  }
  ClientFiles files;
  files.ca = seen_at + "/ca.pem";
  files.bundle = seen_at + "/bundle.pem";
  files.node_extra = roots->has_more ? files.bundle : files.ca;
  files.java_store = seen_at + "/truststore.jks";
  files.wgetrc = seen_at + "/wgetrc";
  files.php_folder = seen_at + "/php";
  files.npm_cafile = roots->is_for_npm ? files.bundle : "";
  files.hgrc = seen_at + "/hgrc";
  files.apt_config = seen_at + "/apt.conf";
  files.node_preload = seen_at + "/node-preload.cjs";
  return files;
}

std::vector<Placeholder> placeholders_of(const bindings::Bindings& bindings) {
  std::vector<Placeholder> placeholders;
  for (const bindings::SecretRule& rule : bindings.rules) {
    // A custom service has none, and a honeytoken's is for nobody to hold.
    if (rule.kind == bindings::RuleKind::secret) {
      placeholders.push_back({rule.name.text(), rule.placeholder});
    }
  }
  return placeholders;
}

std::vector<Placeholder> placeholders_to_set(const bindings::Bindings& bindings) {
  auto placeholders = placeholders_of(bindings);
  std::erase_if(placeholders, [&](const Placeholder& one) {
    return std::ranges::any_of(bindings.rules, [&](const bindings::SecretRule& rule) {
      return !rule.captures.empty() && rule.placeholder == one.text;
    });
  });
  return placeholders;
}

std::vector<BoundHost> bound_hosts_of(const bindings::Bindings& bindings) {
  std::vector<BoundHost> hosts;
  const auto add = [&](const bindings::Scope& scope) {
    BoundHost host{scope.host.host, scope.host.is_wildcard, scope.port};
    if (std::ranges::find(hosts, host) == hosts.end()) {
      hosts.push_back(std::move(host));
    }
  };
  for (const bindings::SecretRule& rule : bindings.rules) {
    if (rule.kind != bindings::RuleKind::secret) {
      continue;  // a custom service is not reached as a proxy
    }
    rule.see_hosts(add);
  }
  return hosts;
}

Outcome<EnvironmentPlan> prepare_environment(const Home& home,
                                             const Variables& inherited,
                                             const ProxyAccess& access,
                                             const bindings::Bindings& bindings,
                                             Preload preload) {
  const std::vector<BoundHost> bound = bound_hosts_of(bindings);
  const std::vector<Placeholder> placeholders = placeholders_of(bindings);
  std::vector<std::string> texts;
  std::ranges::transform(placeholders, std::back_inserter(texts), &Placeholder::text);
  auto prepared = prepare_client_files(home, inherited, bound, preload, texts);
  if (!prepared) {
    return prepared.failure();
  }
  EnvironmentPlan plan = plan_environment(
      inherited, access, prepared->files, placeholders_to_set(bindings), home.path, bound);
  plan.warnings.insert(plan.warnings.end(), prepared->warnings.begin(), prepared->warnings.end());
  warn_of_shells_proxy(inherited, bindings, plan.warnings);
  return plan;
}

}  // namespace keyswap::cli
