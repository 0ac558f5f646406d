// SPDX-License-Identifier: Apache-2.0
//
// keyswap bindings approve: what a file that was changed by hand would change, and the operator's
// yes (I17).

#include "proxy/cli/approval.h"
#include "proxy/cli/bindings.h"
#include "proxy/cli/bindings_file.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/question.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap bindings approve          # shows what is new, asks\n"
    "  keyswap bindings approve --yes --password-file FILE";

struct ApproveOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  std::string bindings;
  bool says_yes = false;
};

Problem approve_policy(const ApproveOptions& options,
                       OpenHome& opened,
                       const std::string& file,
                       const LoadedPolicy& loaded) {
  auto standing = standing_of(opened.vault, loaded.text);
  if (!standing) {
    return standing.failure();
  }
  Approved before = std::move(standing).value();
  if (before.standing == Standing::approved) {
    // A command that was stopped left the policy before it approved, too.
    if (auto problem = settle(opened.home, opened.vault, before, loaded.text)) {
      return problem;
    }
    const std::uint64_t number = before.approval->number + (before.approval->next ? 1 : 0);
    print_long_line(printable(file) + " is approved: number " + std::to_string(number));
    return put_in_force(opened.home, opened.vault, file, file + " is approved");
  }
  if (!before.approval) {
    before = nothing_approved(has_key_file(opened.home, options.unlock)
                                  ? vault::ApprovalMode::key
                                  : vault::ApprovalMode::passphrase);
  }
  note(file + " would change:");
  show_all_changes(changes_of(opened.home, before, file, loaded));
  if (auto problem = confirm(options.says_yes, "Shall it come into force?")) {
    return problem;
  }
  auto key = open_approval_key(before, options.approval);
  if (!key) {
    return key.failure();
  }
  if (auto problem = approve(opened.home, opened.vault, before, loaded.text, key.value())) {
    return problem;
  }
  print_long_line("approved: number " + std::to_string(before.approval->number + 1));
  return put_in_force(opened.home, opened.vault, file, file + " is approved");
}

Problem approve_file(const ApproveOptions& options, OpenHome& opened) {
  const std::string file =
      options.bindings.empty() ? opened.home.bindings() : absolute_path(options.bindings);
  auto loaded = load_policy(file, own_ca_of(opened.home));
  return loaded ? approve_policy(options, opened, file, loaded.value()) : Problem(loaded.failure());
}

}  // namespace

int run_bindings_approve(const Arguments& arguments) {
  ApproveOptions options;
  CommandLine app(
      "Lets a bindings file that was changed into force: shows what it changes of what is "
      "approved,\n"
      "asks, and lets the running proxy read it. Exit status 1 if the answer is no.",
      "keyswap bindings approve");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  app.add_option("--bindings", options.bindings, "the file (default: the home's bindings.yaml)")
      ->type_name("FILE");
  app.add_flag("--yes", options.says_yes, "approve without a question");
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  return do_in_home(options.home, options.unlock, [&options](OpenHome& opened) {
    return approve_file(options, opened);
  });
}

}  // namespace keyswap::cli
