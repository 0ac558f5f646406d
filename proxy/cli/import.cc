// SPDX-License-Identifier: Apache-2.0
//
// keyswap import fishnet FILE
#include <array>
#include <cerrno>

#include <CLI/CLI.hpp>
#include <fcntl.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/command.h"
#include "proxy/cli/files.h"
#include "proxy/cli/import_fishnet.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kPrivateMode = 0600;

// A file that was not there before: what is there is never overwritten.
Problem write_new_file(const std::string& path, const std::string& text) {
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateMode));
  if (!file.is_open()) {
    return Failure{Exit::cannot,
                   "cannot make " + path + ": " + explain_errno(errno),
                   "name a file that is not there yet: nothing is overwritten"};
  }
  if (const auto written = write_all(file.descriptor(), text); !written) {
    return Failure{Exit::cannot, "cannot write " + path + ": " + explain(written.error()), ""};
  }
  return std::nullopt;
}

int convert(const std::string& path, const std::string& output) {
  const auto text = read_file(path, base::bounds::kImportFileBytesMax);
  if (!text) {
    return report({Exit::cannot,
                   "cannot read " + path + ": " + explain(text.error()),
                   "check the name, and that this user may read it"});
  }
  auto imported = import_fishnet(*text);
  if (!imported) {
    Failure failure = imported.failure();
    failure.what = path + ": " + failure.what;
    return report(failure);
  }
  if (output.empty()) {
    print(imported->bindings);
  } else if (auto problem = write_new_file(output, imported->bindings)) {
    return report(*problem);
  }
  for (const std::string& line : imported->report) {
    note(printable(line));
  }
  return static_cast<int>(Exit::done);
}

int run_fishnet(const Arguments& arguments) {
  std::string file;
  std::string output;
  CLI::App app(
      "Turns a Fishnet configuration into bindings, on standard output; what changed meaning, what "
      "was\n"
      "left out and what is to be done goes to standard error. Secrets are not in it: add them.",
      "keyswap import fishnet");
  app.add_option("FILE", file, "the file that Fishnet reads (fishnet.toml)")->required();
  app.add_option("--output", output, "write the bindings to this new file")->type_name("FILE");
  if (const auto status = parse_arguments(
          app, arguments, "keyswap import fishnet ~/.fishnet/fishnet.toml > bindings.yaml")) {
    return *status;
  }
  return convert(file, output);
}

constexpr std::array kCommands = {
    Command{"fishnet", "a fishnet.toml -> bindings.yaml, with a report", run_fishnet},
};

}  // namespace

int run_import(const Arguments& arguments) {
  return dispatch({"keyswap import",
                   "Turns the configuration of another program into bindings.\n",
                   "keyswap import fishnet fishnet.toml",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
