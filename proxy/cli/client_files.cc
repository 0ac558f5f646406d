// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/stat.h>

#include "proxy/base/bytes.h"
#include "proxy/base/clock.h"
#include "proxy/cli/bundle.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_folder.h"
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
  for (const std::string& path : inherited_root_files(inherited)) {
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
  Roots roots{*ca, merge_pem(parts), false};
  roots.has_more = roots.bundle.size() != own_size;
  return roots;
}

// wget reads one file: the user's lines first, ours after them.
std::string wgetrc_text(const Variables& inherited, const std::string& bundle) {
  std::string path = value_of(inherited, "WGETRC");
  if (path.empty() && !value_of(inherited, "HOME").empty()) {
    path = value_of(inherited, "HOME") + "/.wgetrc";
  }
  std::string text = text_or_empty(path);
  if (!text.empty() && text.back() != '\n') {
    text += '\n';
  }
  return text + "ca_certificate = " + bundle + "\n";
}

std::string php_text(const std::string& bundle) {
  return "; made by keyswap run\ncurl.cainfo = \"" + bundle + "\"\nopenssl.cafile = \"" + bundle +
         "\"\n";
}

// Where npm keeps settings: the project's (from here upwards), the user's, and those of each
// installation that PATH leads to.
std::vector<std::string> npm_settings(const Variables& inherited) {
  std::vector<std::string> paths = {"/etc/npmrc"};
  for (const auto& [name, value] : inherited) {
    const std::string lower = base::to_lower(name);
    if (name == "HOME") {
      paths.push_back(value + "/.npmrc");
    } else if (lower == "npm_config_userconfig" || lower == "npm_config_globalconfig") {
      paths.push_back(value);
    }
  }
  std::istringstream folders(value_of(inherited, "PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    paths.push_back((fs::path(folder).parent_path() / "etc" / "npmrc").string());
  }
  std::error_code ignored;
  for (fs::path at = fs::current_path(ignored); !at.empty(); at = at.parent_path()) {
    paths.push_back((at / ".npmrc").string());
    if (at == at.root_path()) {
      break;
    }
  }
  return paths;
}

// A cafile in npm's own settings wins over NODE_EXTRA_CA_CERTS; npm_config_cafile wins over that.
bool npm_has_cafile(const Variables& inherited) {
  const bool in_environment = std::ranges::any_of(inherited, [](const auto& entry) {
    return base::to_lower(entry.first) == "npm_config_cafile";
  });
  return in_environment || std::ranges::any_of(npm_settings(inherited), [](const auto& path) {
           std::error_code ignored;
           return fs::is_regular_file(path, ignored) &&  // a pipe would be waited for
                  text_or_empty(path).find("cafile") != std::string::npos;
         });
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

// Below `folder`; named in their own text as they are seen in `seen_at`.
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
  KS_TRY(write_file(folder + "/wgetrc", wgetrc_text({}, bundle), kPublicMode));
  return write_file(php + "/keyswap.ini", php_text(bundle), kPublicMode);
}

base::Status write_all_files(const Home& home,
                             const Variables& inherited,
                             const Roots& roots,
                             ClientFiles& files) {
  const std::string content = roots.bundle + '\0' + wgetrc_text(inherited, "");
  const std::string name = base::to_hex(sha1(content)).substr(0, kNameBytes);
  const std::string folder = home.clients() + "/" + name;
  files.ca = home.ca();
  files.bundle = folder + "/bundle.pem";
  files.node_extra = roots.has_more ? files.bundle : files.ca;
  files.java_store = folder + "/truststore.jks";
  files.wgetrc = folder + "/wgetrc";
  files.php_folder = folder + "/php";
  files.npm_cafile = npm_has_cafile(inherited) ? files.bundle : "";
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
  KS_TRY(write_file_if_changed(files.wgetrc, wgetrc_text(inherited, files.bundle), kPrivateMode));
  KS_TRY(write_file_if_changed(
      files.php_folder + "/keyswap.ini", php_text(files.bundle), kPublicMode));
  forget_old_folders(*clients, name);
  return {};
}

}  // namespace

Outcome<PreparedFiles> prepare_client_files(const Home& home, const Variables& inherited) {
  PreparedFiles prepared;
  auto roots = collect_roots(home, inherited, prepared.warnings);
  if (!roots) {
    return roots.failure();
  }
  if (const auto written = write_all_files(home, inherited, roots.value(), prepared.files);
      !written) {
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

Outcome<EnvironmentPlan> prepare_environment(const Home& home,
                                             const Variables& inherited,
                                             const ProxyAccess& access,
                                             const bindings::Bindings& bindings) {
  auto prepared = prepare_client_files(home, inherited);
  if (!prepared) {
    return prepared.failure();
  }
  EnvironmentPlan plan =
      plan_environment(inherited, access, prepared->files, placeholders_of(bindings), home.path);
  plan.warnings.insert(plan.warnings.end(), prepared->warnings.begin(), prepared->warnings.end());
  return plan;
}

}  // namespace keyswap::cli
