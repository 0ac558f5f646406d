// SPDX-License-Identifier: Apache-2.0
//
// keyswap secret import FILE.env
#include <algorithm>
#include <cerrno>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "proxy/base/clock.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/env_file.h"
#include "proxy/cli/files.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

// Read whole into locked memory, of which the values take about as much again.
constexpr std::size_t kEnvFileBytesMax = std::size_t{256} * 1024;

struct ImportOptions {
  SecretOptions common;
  std::string file;
  bool replaces = false;
  bool trims = false;  // blanks at the ends of values
};

enum class Done : unsigned char { added, replaced, skipped };

std::string_view to_string(Done done) {
  switch (done) {
    case Done::added:
      return "added";
    case Done::replaced:
      return "replaced";
    case Done::skipped:
      return "skipped";
  }
  return "";
}

struct Imported {
  vault::SecretName name;
  Done done;
};

Outcome<LockedText> read_env_file(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) {
    return Failure{Exit::cannot,
                   "cannot open " + path + ": " + explain_errno(errno),
                   "check the name, and that this user may read it"};
  }

  struct stat info {};

  if (fstat(file.descriptor(), &info) == 0 && S_ISREG(info.st_mode) &&
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    warn("other users can open " + path,
         "run: chmod 600 " + path + "   and delete it once imported");
  }
  return read_locked(file.descriptor(), kEnvFileBytesMax, Newline::keep, path);
}

// Every mistake of the file, said at once; a file with one changes nothing.
Problem check_entries(const std::string& path, const EnvFile& file) {
  std::size_t count = file.mistakes.size();
  const auto say = [&path](std::size_t line, std::string_view what) {
    note(path + ":" + std::to_string(line) + ": error: " + std::string(what));
  };
  for (const EnvMistake& mistake : file.mistakes) {
    say(mistake.line, mistake.what.text());
  }
  for (const EnvEntry& entry : file.entries) {
    const std::string bad = describe_bad_value(entry.value);
    const bool is_name = vault::SecretName::parse(entry.key).has_value();
    if (!bad.empty() || !is_name) {
      say(entry.line, is_name ? std::string_view(bad) : "the key is no name for a secret");
      ++count;
    }
  }
  if (count == 0) {
    return std::nullopt;
  }
  return Failure{Exit::usage,
                 path + " has " + std::to_string(count) + (count == 1 ? " bad line" : " bad lines"),
                 "mend them and import again; nothing was imported"};
}

base::Status import_entry(vault::Vault& vault,
                          const EnvEntry& entry,
                          bool replaces,
                          std::vector<Imported>& imported) {
  auto name = vault::SecretName::parse(entry.key);
  if (!name) {
    return name.error();
  }
  const bool is_there = vault.has(*name);
  if (is_there && !replaces) {
    imported.push_back({*name, Done::skipped});
    return {};
  }
  const auto value = vault::Secret::copy_of(entry.value);
  if (!value) {
    return value.error();
  }
  const std::int64_t now_s = base::SystemClock().wall_us() / 1'000'000;
  KS_TRY(is_there ? vault.rotate(*name, *value, now_s)
                  : vault.add(*name, entry.key, *value, now_s));
  imported.push_back({*name, is_there ? Done::replaced : Done::added});
  return {};
}

Problem import_all(vault::Vault& vault,
                   const EnvFile& file,
                   const ImportOptions& options,
                   std::vector<Imported>& imported) {
  for (const EnvEntry& entry : file.entries) {
    const auto done = import_entry(vault, entry, options.replaces, imported);
    if (done) {
      continue;
    }
    Failure failure = vault_failure(done.error(), entry.key);
    failure.hint = "the secrets before it are in the vault; import again once this is mended";
    return failure;
  }
  return std::nullopt;
}

void tell(const std::vector<Imported>& imported, bool json) {
  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& [name, done] : imported) {
      list.push_back({{"name", name.text()}, {"result", to_string(done)}});
    }
    print_line(list.dump(2));
    return;
  }
  for (const auto& [name, done] : imported) {
    const std::string why =
        done == Done::skipped ? " (there already; --replace gives it the new value)" : "";
    print_line(std::string(to_string(done)) + " " + name.text() + why);
  }
}

int import_file(const ImportOptions& options) {
  auto opened = open_home(options.common.home, options.common.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  auto text = read_env_file(options.file);
  if (!text) {
    return report(text.failure());
  }
  EnvFile file = parse_env_file(text->view());
  for (EnvEntry& entry : file.entries) {
    entry.value = options.trims ? without_blanks(entry.value) : entry.value;
  }
  if (auto problem = check_entries(options.file, file)) {
    return report(*problem);
  }
  std::vector<Imported> imported;
  const Problem problem = import_all(opened->vault, file, options, imported);
  tell(imported, options.common.json);
  if (problem) {
    return report(*problem);
  }
  // What was replaced was taken back.
  const bool has_replaced =
      std::ranges::any_of(imported, [](const Imported& one) { return one.done == Done::replaced; });
  if (!has_replaced) {
    return static_cast<int>(Exit::done);
  }
  if (auto unconfirmed =
          await_confirmation(opened->home, opened->vault, "the values are replaced")) {
    return report(*unconfirmed);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_secret_import(const Arguments& arguments) {
  ImportOptions options;
  CLI::App app(
      "Adds every KEY=VALUE (or export KEY='VALUE') of a file. A bad line anywhere: nothing is "
      "imported.\n"
      "Names that are in the vault already are skipped unless --replace is given.",
      "keyswap secret import");
  app.add_option("FILE", options.file, "the .env file")->required();
  app.add_flag(
      "--replace", options.replaces, "give secrets that are there already the file's value");
  app.add_flag("--trim", options.trims, "remove blanks at the values' ends");
  add_home_option(app, options.common.home);
  add_unlock_options(app, options.common.unlock);
  add_json_option(app, options.common.json);
  if (const auto status =
          parse_arguments(app, arguments, "keyswap secret import .env && shred -u .env")) {
    return *status;
  }
  return import_file(options);
}

}  // namespace keyswap::cli
