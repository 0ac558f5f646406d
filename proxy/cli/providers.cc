// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/providers.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "bindings/bounds.h"
#include "bindings/providers/table.h"
#include "proxy/cli/files.h"
#include "proxy/cli/nearest_word.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kEnding = ".yaml";

std::string own_file(const Home& home, std::string_view name) {
  return home.providers() + "/" + std::string(name) + std::string(kEnding);
}

Outcome<std::vector<std::string>> own_names(const Home& home) {
  std::vector<std::string> names;
  std::error_code failed;
  std::filesystem::directory_iterator folder(home.providers(), failed);
  if (failed) {
    const bool is_missing = failed == std::errc::no_such_file_or_directory;
    return is_missing ? Outcome(std::move(names))
                      : Failure{Exit::cannot,
                                "cannot read " + home.providers() + ": " + failed.message(),
                                "check the folder's modes"};
  }
  for (; folder != std::filesystem::directory_iterator(); folder.increment(failed)) {
    const auto path = folder->path();
    if (path.extension() != kEnding) {
      continue;
    }
    if (!bindings::is_provider_name(path.stem().string())) {
      return Failure{Exit::usage,
                     "the name of " + printable(path.string()) + " is none for a provider",
                     "use lower-case letters, digits and '-', like my-api.yaml"};
    }
    names.push_back(path.stem().string());
    if (names.size() > bindings::bounds::kOwnProvidersMax) {
      return Failure{
          Exit::usage, home.providers() + " has more than 500 providers", "move some of them away"};
    }
  }
  return names;
}

// Whoever can write it can send the secret elsewhere.
Outcome<std::string> read_own(const std::string& path) {
  struct stat info {};

  if (stat(path.c_str(), &info) == 0 &&
      (!S_ISREG(info.st_mode) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
       (info.st_uid != 0 && info.st_uid != geteuid()))) {
    return Failure{Exit::cannot,
                   "others can write " + path + ", or it is no plain file",
                   "it must be a plain file of yours: chmod 600 " + path};
  }
  const auto text = read_file(path, bindings::bounds::kProviderFileBytesMax);
  if (!text) {
    return Failure{Exit::cannot, "cannot use " + path + ": " + explain(text.error()), "check it"};
  }
  return *text;
}

const bindings::ProviderFile* find_built_in(std::string_view name) {
  const auto files = bindings::provider_files();
  const auto found = std::ranges::find(files, name, &bindings::ProviderFile::name);
  return found == files.end() ? nullptr : &*found;
}

Failure unknown_provider(const Home& home, const std::string& name) {
  std::string nearest;
  if (auto names = provider_names(home)) {
    nearest = nearest_word(name, names.value());
  }
  return {Exit::usage,
          "there is no such provider (not shown here, in case it is a secret)",
          nearest.empty() ? "see: keyswap provider list"
                          : "did you mean " + nearest + "? see: keyswap provider list"};
}

Problem say_mistakes(const std::string& file, const std::vector<bindings::ConfigIssue>& issues) {
  for (const auto& issue : issues) {
    note(format_issue(file, "error", issue));
  }
  if (issues.empty()) {
    return std::nullopt;
  }
  return Failure{
      Exit::usage,
      file + " has " + std::to_string(issues.size()) + (issues.size() == 1 ? " error" : " errors"),
      "mend the lines named above; keyswap help providers has the format"};
}

}  // namespace

Outcome<std::vector<std::string>> provider_names(const Home& home) {
  auto names = own_names(home);
  if (!names) {
    return names;
  }
  for (const auto& file : bindings::provider_files()) {
    names->emplace_back(file.name);
  }
  std::ranges::sort(names.value());
  names->erase(std::unique(names->begin(), names->end()), names->end());
  return names;
}

Outcome<KnownProvider> load_provider(const Home& home, const std::string& name) {
  KnownProvider known;
  std::string text;
  const auto own = own_file(home, name);
  const bool is_name = bindings::is_provider_name(name);
  if (is_name && access(own.c_str(), F_OK) == 0) {
    auto read = read_own(own);
    if (!read) {
      return read.failure();
    }
    text = std::move(read).value();
    known.file = own;
  } else if (const auto* const built_in = find_built_in(name); is_name && built_in != nullptr) {
    text = built_in->text;
  } else {
    return unknown_provider(home, name);
  }
  const std::string shown = known.file.empty() ? "the built-in provider " + name : known.file;
  auto parsed = bindings::parse_provider(name, text);
  if (auto problem = say_mistakes(shown, parsed.errors)) {
    return *std::move(problem);
  }
  known.provider = std::move(parsed.provider);
  known.trial = try_entry(known.provider);
  if (auto problem = say_mistakes(shown, known.trial.errors)) {
    return *std::move(problem);
  }
  return known;
}

std::vector<std::string> hosts_of(const bindings::Provider& provider) {
  std::vector<std::string> hosts;
  const auto add = [&](const std::string& host) {
    if (std::ranges::find(hosts, host) == hosts.end()) {
      hosts.push_back(host);
    }
  };
  const auto& secret = provider.secret;
  const auto list =
      std::ranges::find(secret.keys, std::string_view("bindings"), &bindings::YamlNode::text);
  if (list == secret.keys.end()) {
    return hosts;
  }
  for (const auto& entry :
       secret.items[static_cast<std::size_t>(list - secret.keys.begin())].items) {
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
      const auto& value = entry.items[i];
      if (entry.keys[i].text == "host" || (entry.keys[i].text == "hosts" && value.items.empty())) {
        add(value.text);
      } else if (entry.keys[i].text == "hosts") {
        std::ranges::for_each(value.items, [&](const auto& host) { add(host.text); });
      }
    }
  }
  return hosts;
}

std::vector<std::string> places_of(const KnownProvider& known) {
  std::vector<std::string> places;
  for (const auto& rule : known.trial.bindings.rules) {
    for (const auto& place : rule.places) {
      places.push_back(std::string(place.placement->kind()) + " " +
                       std::string(place.placement->name()));
    }
  }
  return places;
}

}  // namespace keyswap::cli
