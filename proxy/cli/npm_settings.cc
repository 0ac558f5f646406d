// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/npm_settings.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "proxy/base/bytes.h"
#include "proxy/cli/credential_file.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSettingsBytesMax = std::size_t{1024} * 1024;

std::string variable_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// Of npm_config_NAME; npm takes such variables in any case.
std::string npm_variable(const Variables& variables, std::string_view name) {
  const std::string wanted = "npm_config_" + std::string(name);
  const auto found = std::ranges::find_if(variables, [&wanted](const auto& entry) {
    return base::to_lower(entry.first) == wanted && !entry.second.empty();
  });
  return found == variables.end() ? "" : found->second;
}

std::string settings_text(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    return "";  // a pipe would be waited for
  }
  auto text = read_file(path, kSettingsBytesMax);
  return text ? std::move(text).value() : std::string();
}

std::string with_variables(std::string text, const Variables& variables) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos) {
      break;
    }
    const std::string value = variable_of(variables, text.substr(at + 2, end - at - 2));
    text.replace(at, end + 1 - at, value);
    at += value.size();
  }
  const std::string home = variable_of(variables, "HOME");
  return text.starts_with("~/") && !home.empty() ? home + text.substr(1) : text;
}

// The `prefix` of each installation that PATH leads to: the folder above that of its programs, and
// above that of what they are links to.
std::vector<std::string> npm_prefixes(const Variables& inherited) {
  std::vector<std::string> prefixes = {npm_variable(inherited, "prefix"),
                                       variable_of(inherited, "PREFIX")};
  std::istringstream folders(variable_of(inherited, "PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    prefixes.push_back(fs::path(folder).parent_path().string());
    for (const char* program : {"node", "npm"}) {
      std::error_code failed;
      const fs::path real = fs::canonical(fs::path(folder) / program, failed);
      if (!failed) {
        prefixes.push_back(real.parent_path().parent_path().string());
      }
    }
  }
  return prefixes;
}

// Where npm keeps settings: the project's (from here upwards), the user's, the machine's.
std::vector<std::string> npm_settings(const Variables& inherited) {
  const std::string user = npm_variable(inherited, "userconfig");
  const std::string home = variable_of(inherited, "HOME");
  std::vector<std::string> paths = {"/etc/npmrc",
                                    npm_variable(inherited, "globalconfig"),
                                    user.empty() ? home + "/.npmrc" : user};
  auto prefixes = npm_prefixes(inherited);
  prefixes.push_back(npmrc_value(settings_text(paths.back()), "prefix", inherited));
  for (const std::string& prefix : prefixes) {
    if (!prefix.empty()) {
      paths.push_back(prefix + "/etc/npmrc");
      paths.push_back(prefix + "/npmrc");  // npm's own, beside its package.json
    }
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

}  // namespace

std::vector<std::string> npm_root_files(const Variables& inherited) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& file) {
    if (!file.empty() && std::ranges::find(files, file) == files.end()) {
      files.push_back(file);
    }
  };
  add(npm_variable(inherited, "cafile"));
  for (const std::string& path : npm_settings(inherited)) {
    add(npmrc_value(settings_text(path), "cafile", inherited));
  }
  return files;
}

std::string npmrc_value(std::string_view text, std::string_view key, const Variables& variables) {
  std::string value;
  Lines lines(text);
  while (const auto line = lines.next()) {
    const auto setting = read_npm_setting(*line);
    if (setting && setting->key == key) {
      value = with_variables(std::string(setting->value), variables);
    }
  }
  return value;
}

}  // namespace keyswap::cli
