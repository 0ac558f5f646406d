// SPDX-License-Identifier: Apache-2.0
//
// keyswap import: the table of what can be imported, and the configurations that become bindings
// (import_credentials.cc has the files with credentials in them).
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/import_avp.h"
#include "proxy/cli/import_fishnet.h"
#include "proxy/cli/importers.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kPrivateMode = 0600;

// A file that was not there before: what is there is never overwritten.
Problem write_output_file(const std::string& path, const std::string& text) {
  const auto written = write_new_file(path, text, kPrivateMode);
  if (!written && written.error().code == base::Errc::already_exists) {
    return Failure{Exit::cannot,
                   path + " is there already",
                   "name a file that is not there yet: nothing is overwritten"};
  }
  if (!written) {
    return Failure{Exit::cannot,
                   "cannot write " + path + ": " + explain(written.error()),
                   "check the folder and the disk"};
  }
  return std::nullopt;
}

// What a configuration was turned into; both importers give it.
struct Converted {
  std::string bindings;
  std::vector<std::string> report;
};

using Convert = Outcome<Converted> (*)(std::string_view text);

template <typename Imported>
Outcome<Converted> converted(Outcome<Imported> imported) {
  if (!imported) {
    return imported.failure();
  }
  return Converted{std::move(imported->bindings), std::move(imported->report)};
}

// What the parser would say of the result: nothing is hidden that has to be mended by hand.
void tell_mistakes(const std::string& shown, const std::string& text) {
  for (const auto& issue : parse_bindings(text, ".").errors) {
    note("to do: mend " + format_issue(shown, "error", issue));
  }
}

int convert(Convert convert_text, const std::string& path, const std::string& output) {
  const auto text = read_file(path, base::bounds::kImportFileBytesMax);
  if (!text) {
    return report({Exit::cannot,
                   "cannot read " + path + ": " + explain(text.error()),
                   "check the name, and that this user may read it"});
  }
  auto imported = convert_text(*text);
  if (!imported) {
    Failure failure = imported.failure();
    failure.what = path + ": " + failure.what;
    return report(failure);
  }
  if (output.empty()) {
    print(imported->bindings);
  } else if (auto problem = write_output_file(output, imported->bindings)) {
    return report(*problem);
  }
  for (const std::string& line : imported->report) {
    note(printable(line));
  }
  tell_mistakes(output.empty() ? "bindings.yaml" : output, imported->bindings);
  return static_cast<int>(Exit::done);
}

struct Page {
  const char* about;
  const char* name;
  const char* file;
  const char* example;
};

int run_conversion(const Page& page, Convert convert_text, const Arguments& arguments) {
  std::string file;
  std::string output;
  CommandLine app(page.about, page.name);
  app.add_option("FILE", file, page.file)->required();
  app.add_option("--output", output, "write the bindings to this new file")->type_name("FILE");
  if (const auto status = parse_arguments(app, arguments, page.example)) {
    return *status;
  }
  return convert(convert_text, file, output);
}

int run_fishnet(const Arguments& arguments) {
  return run_conversion(
      {"Turns a Fishnet configuration into bindings, on standard output; what changed\n"
       "meaning, what was left out and what is to be done goes to standard error.\n"
       "Secrets are not in it: add them.",
       "keyswap import fishnet",
       "the file that Fishnet reads (fishnet.toml)",
       "keyswap import fishnet ~/.fishnet/fishnet.toml > bindings.yaml"},
      [](std::string_view text) { return converted(import_fishnet(text)); },
      arguments);
}

int run_avp(const Arguments& arguments) {
  return run_conversion(
      {"Turns agent-vault-proxy's bindings into ours, on standard output; what changed\n"
       "meaning, what was left out and which secrets are to be added goes to standard\n"
       "error.",
       "keyswap import avp",
       "the file that agent-vault-proxy reads (bindings.yaml)",
       "keyswap import avp bindings.yaml --output imported.yaml"},
      [](std::string_view text) { return converted(import_avp(text)); },
      arguments);
}

template <std::size_t kNumber>
int run_credentials(const Arguments& arguments) {
  return run_importer(kImporters[kNumber], arguments);
}

template <std::size_t... kNumbers>
constexpr auto all_commands(std::index_sequence<kNumbers...> /*numbers*/) {
  return std::array{
      Command{"avp", "agent-vault-proxy's bindings.yaml -> ours, with a report", run_avp},
      Command{"fishnet", "a fishnet.toml -> bindings.yaml, with a report", run_fishnet},
      Command{"env", "every KEY=VALUE of a .env file (as secret import)", run_import_env},
      Command{kImporters[kNumbers].name, kImporters[kNumbers].help, run_credentials<kNumbers>}...};
}

constexpr std::array kCommands = all_commands(std::make_index_sequence<kImporters.size()>());

}  // namespace

int run_import(const Arguments& arguments) {
  return dispatch({"keyswap import",
                   "Takes over what other programs read: their configuration becomes bindings, "
                   "and the\n"
                   "credentials in their files become secrets with placeholders.\n",
                   "keyswap import npm",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
