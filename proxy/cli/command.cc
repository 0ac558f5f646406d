// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command.h"

#include <algorithm>

#include "ca/crypto_start.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

std::string help_of(const CommandGroup& group) {
  std::vector<std::vector<std::string>> rows;
  for (const Command& command : group.commands) {
    rows.push_back({"  " + std::string(command.name), std::string(command.help)});
  }
  std::string text(group.about);
  text += "\nUsage: " + std::string(group.name) + " COMMAND [OPTIONS]\n\nCommands:\n";
  text += format_table(rows);
  text += "\nExample:\n  " + std::string(group.example) + "\n\n'" + std::string(group.name) +
          " COMMAND --help' tells more.\n";
  return text;
}

int wrong(const CommandGroup& group, std::string what) {
  return report({Exit::usage, std::move(what), "run: " + std::string(group.name) + " --help"});
}

}  // namespace

int dispatch(const CommandGroup& group, const Arguments& arguments) {
  if (arguments.empty()) {
    return wrong(group, "which command?");
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print(help_of(group));
    return static_cast<int>(Exit::done);
  }
  const auto* found = std::ranges::find(group.commands.data(),
                                        group.commands.data() + group.commands.size(),
                                        std::string_view(name),
                                        &Command::name);
  if (found == group.commands.data() + group.commands.size()) {
    // Not quoted: a value typed in the wrong place would end up in a log.
    return wrong(group, "there is no such command in '" + std::string(group.name) + "'");
  }
  // Whatever $OPENSSL_CONF names could load code into a process that is to hold secrets.
  if (const auto started = ca::ignore_crypto_configuration(); !started) {
    return report({Exit::cannot, explain(started.error()), "check the installation of OpenSSL"});
  }
  const int status = found->run({arguments.begin() + 1, arguments.end()});
  if (!flush_output() && status == static_cast<int>(Exit::done)) {
    return report({Exit::cannot, "the answer could not be written", "check what stdout leads to"});
  }
  return status;
}

}  // namespace keyswap::cli
