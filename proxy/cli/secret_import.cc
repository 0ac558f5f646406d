// SPDX-License-Identifier: Apache-2.0
//
// keyswap secret import FILE.env: what can be a secret goes into the vault, and what cannot is told
// with its line and does not stop the rest.
#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/entry_home.h"
#include "proxy/cli/env_file.h"
#include "proxy/cli/files.h"
#include "proxy/cli/known_credential.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unbound.h"

namespace keyswap::cli {

namespace {

struct ImportOptions {
  SecretOptions common;
  std::string file;
  std::vector<std::string> only;  // keys; NAME* for all that begin so
  std::string prefix;             // of the names in the vault
  bool replaces = false;
  bool trims = false;  // blanks at the ends of values
};

// `other`: it is there, with another value, which only --replace gives up.
enum class Done : unsigned char { added, replaced, skipped, other, empty };

std::string_view to_string(Done done) {
  switch (done) {
    case Done::added:
      return "added";
    case Done::replaced:
      return "replaced";
    case Done::skipped:
    case Done::other:
    case Done::empty:
      return "skipped";
  }
  return "";
}

struct Imported {
  vault::SecretName name;
  Done done;
};

// An entry of the file that can be a secret.
struct Wanted {
  EnvEntry entry;
  vault::SecretName name;
};

Outcome<LockedText> read_env_file(const std::string& path) {
  if (path == "-") {
    if (isatty(STDIN_FILENO) == 1) {
      return Failure{Exit::usage,
                     "standard input is a terminal, which would show what is typed",
                     "give it on a pipe, as in: decrypt .env.gpg | keyswap secret import -"};
    }
    return read_locked(
        STDIN_FILENO, base::bounds::kCredentialFileBytesMax, Newline::keep, "standard input");
  }
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
  return read_locked(file.descriptor(), base::bounds::kCredentialFileBytesMax, Newline::keep, path);
}

bool is_of(std::string_view key, std::string_view pattern) {
  return pattern.ends_with('*') ? key.starts_with(pattern.substr(0, pattern.size() - 1))
                                : key == pattern;
}

bool is_wanted(const ImportOptions& options, std::string_view key) {
  return options.only.empty() ||
         std::ranges::any_of(options.only, [&](const auto& only) { return is_of(key, only); });
}

// What the file has, line by line: what can be a secret, and how many lines were told of because
// they cannot, or words of --only that no line answers to.
class Sifter {
 public:
  Sifter(const ImportOptions& options, const EnvFile& file) : options_(options), file_(file) {}

  std::vector<Wanted> sift() {
    for (const EnvRemark& mistake : file_.mistakes) {
      say_bad(mistake.line, mistake.what.text());
    }
    for (const EnvRemark& repeat : file_.repeats) {
      say(repeat.line, repeat.what.text());
    }
    for (const EnvEntry& entry : file_.entries) {
      if (is_wanted(options_, entry.key)) {
        take(entry);
      }
    }
    for (const std::string& only : options_.only) {
      if (std::ranges::none_of(file_.entries,
                               [&](const auto& entry) { return is_of(entry.key, only); })) {
        note(shown() + ": error: no line for --only " + printable(only));
        ++bad_;
      }
    }
    return std::move(wanted_);
  }

  [[nodiscard]] Problem problem() const {
    if (bad_ == 0) {
      return std::nullopt;
    }
    return Failure{Exit::no,
                   shown() + " has " + std::to_string(bad_) +
                       (bad_ == 1 ? " bad line, which was" : " bad lines, which were") +
                       " left out",
                   "mend what is named above and import again; all else was done"};
  }

 private:
  [[nodiscard]] std::string shown() const {
    return options_.file == "-" ? "standard input" : options_.file;
  }

  void say(std::size_t line, std::string_view what) const {
    note(shown() + ":" + std::to_string(line) + ": " + std::string(what));
  }

  void say_bad(std::size_t line, std::string_view what) {
    say(line, "error: " + std::string(what));
    ++bad_;
  }

  void take(const EnvEntry& entry) {
    auto name = vault::SecretName::parse(options_.prefix + entry.key);
    if (!name) {
      say_bad(entry.line, "with that --prefix the key is no name for a secret");
      return;
    }
    constexpr std::string_view kPem = "-----BEGIN ";
    const std::string bad = entry.value.empty() ? "" : describe_bad_value(entry.value);
    if (!bad.empty()) {
      say_bad(entry.line,
              entry.value.starts_with(kPem)
                  ? "a key of several lines; for one that signs: keyswap secret add --private-key"
                  : bad);
      return;
    }
    wanted_.push_back({entry, *std::move(name)});
  }

  const ImportOptions& options_;
  const EnvFile& file_;
  std::size_t bad_ = 0;
  std::vector<Wanted> wanted_;
};

base::Status import_entry(vault::Vault& vault,
                          const Wanted& wanted,
                          const ImportOptions& options,
                          std::vector<Imported>& imported) {
  const auto& [entry, name] = wanted;
  if (entry.value.empty()) {
    imported.push_back({name, Done::empty});
    return {};
  }
  const bool is_there = vault.has(name);
  if (is_there && !options.replaces) {
    imported.push_back({name, is_kept(vault, name, entry.value) ? Done::skipped : Done::other});
    return {};
  }
  if (!options.common.is_dry_run) {
    const auto value = vault::Secret::copy_of(entry.value);
    if (!value) {
      return value.error();
    }
    const std::int64_t now_s = base::SystemClock().wall_us() / 1'000'000;
    KS_TRY(is_there ? vault.rotate(name, *value, now_s)
                    : vault.add(name, name.text(), *value, now_s));
  }
  imported.push_back({name, is_there ? Done::replaced : Done::added});
  return {};
}

Problem import_all(vault::Vault& vault,
                   const std::vector<Wanted>& wanted,
                   const ImportOptions& options,
                   std::vector<Imported>& imported) {
  for (const Wanted& one : wanted) {
    const auto done = import_entry(vault, one, options, imported);
    if (done) {
      continue;
    }
    Failure failure = vault_failure(done.error(), one.name.text());
    failure.hint = "the secrets before it are in the vault; import again once this is mended";
    return failure;
  }
  return std::nullopt;
}

void tell_json(const std::vector<Imported>& imported, bool is_dry_run) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [name, done] : imported) {
    nlohmann::ordered_json one = {{"name", name.text()}, {"result", to_string(done)}};
    if (done == Done::other) {
      one["has_other_value"] = true;
    }
    if (is_dry_run) {
      one["written"] = false;
    }
    list.push_back(std::move(one));
  }
  print_line(list.dump(2));
}

std::string_view why_skipped(Done done) {
  switch (done) {
    case Done::added:
    case Done::replaced:
      return "";
    case Done::skipped:
      return " (there already)";
    case Done::other:
      return " (there already, with another value; --replace gives it the file's)";
    case Done::empty:
      return " (empty)";
  }
  return "";
}

void tell(const std::vector<Imported>& imported, const ImportOptions& options) {
  if (options.common.json) {
    tell_json(imported, options.common.is_dry_run);
    return;
  }
  for (const auto& [name, done] : imported) {
    const std::string_view why = why_skipped(done);
    const bool is_change = done == Done::added || done == Done::replaced;
    print_long_line((options.common.is_dry_run && is_change ? "would be " : "") +
                    std::string(to_string(done)) + " " + name.text() + std::string(why));
  }
}

// What is missing yet of what is in the vault now; also of what was there already, for whoever
// imports again.
void remark_missing(const Home& home, const std::vector<Imported>& imported) {
  std::vector<vault::SecretName> kept;
  for (const auto& [name, done] : imported) {
    if (done != Done::empty) {
      kept.push_back(name);
    }
  }
  remark_unbound(home, kept);
  remark_unsealed(home, kept);
}

// What of the file is in no vault: a script that goes on to delete it has to know.
Problem check_all_is_kept(const std::vector<Imported>& imported, const ImportOptions& options) {
  const auto others = std::ranges::count(imported, Done::other, &Imported::done);
  if (others > 0) {
    return Failure{Exit::no,
                   "the vault has other values of " + std::to_string(others) +
                       (others == 1 ? " secret, which was" : " secrets, which were") +
                       " left as they are",
                   "to take those of the file: --replace; else remove the lines"};
  }
  if (imported.empty()) {
    return Failure{Exit::no,
                   "there is no KEY=VALUE in " +
                       (options.file == "-" ? std::string("standard input") : options.file),
                   "check what it is, or what was to write it"};
  }
  return std::nullopt;
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
  EnvFile file = parse_env_file({text->bytes.data(), text->size});
  for (EnvEntry& entry : file.entries) {
    entry.value = options.trims ? without_blanks(entry.value) : entry.value;
  }
  Sifter sifter(options, file);
  const std::vector<Wanted> wanted = sifter.sift();
  std::vector<Imported> imported;
  Problem problem = import_all(opened->vault, wanted, options, imported);
  tell(imported, options);
  if (!options.common.is_dry_run) {
    remark_missing(opened->home, imported);
  }
  // What was replaced was taken back, and what was added is there for the next command.
  const bool has_changed =
      !options.common.is_dry_run && std::ranges::any_of(imported, [](const Imported& one) {
        return one.done == Done::replaced || one.done == Done::added;
      });
  if (!problem && has_changed) {
    problem = await_confirmation(opened->home, opened->vault, "the values are in the vault");
  }
  if (problem) {
    return report(*problem);
  }
  problem = sifter.problem();
  return end_with(problem ? problem : check_all_is_kept(imported, options));
}

int run_named(const char* name, const char* example, const Arguments& arguments) {
  ImportOptions options;
  CommandLine app(
      "Adds every KEY=VALUE of a .env file, as the programs read it that such files are\n"
      "for. Lines that cannot be a secret are named and left out (exit status 1), and so\n"
      "are names that the vault has with another value; empty values are skipped.",
      name);
  app.add_option("FILE", options.file, "the .env file; - is standard input")->required();
  app.add_option("--only",
                 options.only,
                 "this key alone; NAME* for all that begin so (several: "
                 "give it several times)")
      ->type_name("KEY")
      ->allow_extra_args(false);
  app.add_option("--prefix", options.prefix, "what stands before each name in the vault")
      ->type_name("TEXT");
  app.add_flag(
      "--replace", options.replaces, "give secrets that are there already the file's value");
  app.add_flag("--trim", options.trims, "remove blanks at the values' ends");
  app.add_flag("--dry-run", options.common.is_dry_run, "only say what would be done");
  add_home_option(app, options.common.home);
  add_unlock_options(app, options.common.unlock);
  add_json_option(app, options.common.json);
  if (const auto status = parse_arguments(app, arguments, example)) {
    return *status;
  }
  return import_file(options);
}

}  // namespace

int run_secret_import(const Arguments& arguments) {
  return run_named("keyswap secret import",
                   "keyswap secret import .env --dry-run\n  keyswap secret import .env",
                   arguments);
}

int run_import_env(const Arguments& arguments) {
  return run_named("keyswap import env",
                   "keyswap import env .env --dry-run\n  keyswap import env .env",
                   arguments);
}

}  // namespace keyswap::cli
