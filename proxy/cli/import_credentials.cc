// SPDX-License-Identifier: Apache-2.0
//
// keyswap import gh|aws|npm|pip|netrc|docker [FILE] [--apply]: what the file has is shown as
// entries of bindings.yaml; with --apply the values go into the vault, the entries into
// bindings.yaml, approved (I17), and placeholders into the file, in this order. What fails takes
// back what came before it; once the bindings are in place, it says what is done and what is not,
// and the next import does the rest.
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "bindings/yaml_write.h"
#include "proxy/base/clock.h"
#include "proxy/cli/bindings_file.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/credential_source.h"
#include "proxy/cli/environment_format.h"
#include "proxy/cli/import_plan.h"
#include "proxy/cli/importers.h"
#include "proxy/cli/options.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/signal_hold.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

struct CredentialOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  std::string file;
  bool applies = false;
};

// Everything that one import works with.
struct Import {
  const Importer& importer;
  const CredentialOptions& options;
  OpenHome opened;
  BindingsFile bindings;
  CredentialSource source;
  ImportPlan plan;
};

// The file below the user's home; what is below ~/.config may be kept elsewhere.
std::string usual_place(std::string_view file) {
  constexpr std::string_view kConfig = ".config";
  const std::string config = environment_variable("XDG_CONFIG_HOME");
  if (file.starts_with(kConfig) && config.starts_with('/')) {
    return config + std::string(file.substr(kConfig.size()));
  }
  const std::string home = environment_variable("HOME");
  return home.starts_with('/') ? home + "/" + std::string(file) : "";
}

// Those of a tool that are there; the first is meant.
std::vector<std::string> files_of(const Importer& importer) {
  const std::string named = environment_variable(importer.variable);
  if (!named.empty()) {
    return {named + std::string(importer.ending)};
  }
  std::vector<std::string> there;
  for (const std::string_view file : importer.files) {
    const std::string path = file.empty() ? "" : usual_place(file);
    if (!path.empty() && access(path.c_str(), F_OK) == 0) {
      there.push_back(path);
    }
  }
  return there;
}

Outcome<std::string> choose_file(const Importer& importer, const std::string& named) {
  if (!named.empty()) {
    return named;
  }
  const auto there = files_of(importer);
  if (there.empty()) {
    return Failure{Exit::no,
                   "there is no ~/" + std::string(importer.files.front()),
                   "name the file: keyswap import " + std::string(importer.name) + " FILE"};
  }
  for (std::size_t i = 1; i < there.size(); ++i) {
    note("also there, and not looked at: " + printable(there[i]));
  }
  return there.front();
}

std::string joined(const std::vector<std::string>& hosts) {
  std::string text;
  for (const auto& host : hosts) {
    text += (text.empty() ? "" : ", ") + host;
  }
  return text;
}

void warn_of_readers(const CredentialSource& source) {
  if ((source.mode & (S_IRGRP | S_IROTH)) != 0) {
    warn("other users can read " + printable(source.path),
         "whoever did has the values: have new ones made if that is not meant");
  }
}

void tell_left_out(const Import& import, const CredentialFile& found) {
  for (const auto* const list : {&found.left_out, &import.plan.left_out}) {
    for (const std::string& line : *list) {
      note("left out: " + printable(line));
    }
  }
}

void tell_proposal(const Import& import) {
  for (const PlannedSecret& secret : import.plan.secrets) {
    print_line("# line " + std::to_string(secret.line) + " of " + printable(import.source.path));
    if (secret.known == Known::binding) {
      print_line("# " + secret.name.text() + " has this value, and is bound: only its placeholder");
      print_line("# goes there");
    } else {
      print("  " + secret.name.text() + ":\n" + bindings::block_text(secret.entry, 4));
    }
  }
  note(
      "nothing was changed; to put the values into the vault, these entries into bindings.yaml "
      "and placeholders into the file: --apply");
}

// --- doing it ---

// The first `count` of them; what was in the vault before stays.
void take_back(vault::Vault& vault, const ImportPlan& plan, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = plan.secrets[i].name.text();
    if (plan.secrets[i].known == Known::nothing && !vault.remove(plan.secrets[i].name)) {
      warn("the secret " + name + " stays in the vault",
           "remove it with: keyswap secret remove " + name);
    }
  }
}

Problem add_all(vault::Vault& vault, ImportPlan& plan) {
  const std::int64_t now_s = base::SystemClock().wall_us() / 1'000'000;
  for (std::size_t i = 0; i < plan.secrets.size(); ++i) {
    PlannedSecret& secret = plan.secrets[i];
    if (secret.known != Known::nothing) {
      continue;
    }
    const auto value = std::move(secret.value).to_secret();
    if (const auto added = vault.add(secret.name, secret.service, value, now_s); !added) {
      take_back(vault, plan, i);
      return vault_failure(added.error(), secret.name.text());
    }
  }
  return std::nullopt;
}

// Vault and bindings, or neither.
Problem add_and_bind(Import& import, const FileApproval& approval) {
  auto& [home, vault] = import.opened;
  if (auto problem = add_all(vault, import.plan)) {
    return problem;
  }
  auto problem = replace_approved(
      home, vault, import.bindings, {import.plan.bindings, import.bindings.text.roots}, approval);
  if (problem && !says(import.bindings, import.plan.bindings)) {
    take_back(vault, import.plan, import.plan.secrets.size());
  }
  return problem;
}

void tell_done(const Import& import, const std::string& backup) {
  for (const PlannedSecret& secret : import.plan.secrets) {
    const std::string hosts = printable(joined(secret.hosts));
    print_line(secret.known == Known::binding
                   ? secret.name.text() + " has that value already, and is bound to " + hosts
                   : "added " + secret.name.text() + ", and bound it to " + hosts);
  }
  print_line(printable(import.source.path) + " has placeholders in their place");
  note("the file as it was, with the values: " + printable(backup));
  note("once all works, delete it: shred -u " + quote_sh(printable(backup)));
  static_cast<void>(flush_output());  // a signal that was held back may end us now
}

Problem replace_values(const Import& import, const LockedText& changed) {
  auto problem = replace_source(import.source, changed.view());
  if (problem) {
    problem->hint =
        "the secrets are in the vault and bound; the file still has its values: once this is "
        "mended, import it again";
  }
  return problem;
}

// All of it, or what is left for the next import.
Problem change_all(Import& import, const LockedText& changed, const FileApproval* approval) {
  const SignalHold hold;
  auto backup = back_up(import.source);
  if (!backup) {
    return backup.failure();
  }
  const std::string kept = std::move(backup).value();
  auto problem = approval == nullptr ? Problem() : add_and_bind(import, *approval);
  if (!problem) {
    problem = replace_values(import, changed);
  }
  if (problem && is_as_read(import.source)) {
    unlink(kept.c_str());  // the file itself has what is in it
  } else if (problem) {
    note("the file as it was read: " + printable(kept));
  } else {
    tell_done(import, kept);
  }
  return problem;
}

Problem apply(Import& import) {
  auto changed = text_with_placeholders(import.source.text.view(), import.plan);
  if (!changed) {
    return changed.failure();
  }
  auto& [home, vault] = import.opened;
  const bool binds = import.plan.binds();
  // It may ask, so it comes before anything that a signal must not cut.
  auto approval = binds ? prepare_approval(home, vault, import.bindings, import.options.approval)
                        : Outcome<FileApproval>(FileApproval{});
  if (!approval) {
    return approval.failure();
  }
  auto problem = change_all(import, changed.value(), binds ? &approval.value() : nullptr);
  if (!binds || !says(import.bindings, import.plan.bindings)) {
    return problem;
  }
  auto unconfirmed =
      put_in_force(home,
                   vault,
                   import.bindings.path,
                   "the secrets are in the vault, and bound in " + import.bindings.path);
  return problem ? problem : unconfirmed;
}

// What a reader would find nothing in, or not all.
Problem check_text(const CredentialSource& source) {
  const std::string_view text = source.text.view();
  const bool is_wide = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
                       text.find('\0') != std::string_view::npos;
  if (!is_wide) {
    return std::nullopt;
  }
  return Failure{Exit::no,
                 source.path + " is UTF-16, or no text at all",
                 "save it as UTF-8, as the tool that it is for reads it"};
}

// The file, if something can be made of it.
Outcome<CredentialSource> read_file_of(const std::string& path, bool will_be_changed) {
  auto source = read_source(path);
  if (!source) {
    return source;
  }
  auto problem = check_text(source.value());
  if (!problem && will_be_changed) {
    problem = check_changeable(source.value());
  }
  if (problem) {
    return *std::move(problem);
  }
  warn_of_readers(source.value());
  return source;
}

// What is done with it, or shown.
Problem carry_out(Import& import, const CredentialFile& found) {
  tell_left_out(import, found);
  if (import.plan.secrets.empty()) {
    return Failure{Exit::no,
                   "there is nothing in " + import.source.path + " that can be imported",
                   found.remarks.empty() ? "" : found.remarks.front()};
  }
  if (!import.options.applies) {
    tell_proposal(import);
  } else if (auto problem = apply(import)) {
    return problem;
  }
  for (const std::string& remark : found.remarks) {
    note("note: " + remark);
  }
  return std::nullopt;
}

Problem import_from(const Importer& importer, const CredentialOptions& options) {
  auto path = choose_file(importer, options.file);
  if (!path) {
    return path.failure();
  }
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return opened.failure();
  }
  auto source = read_file_of(path.value(), options.applies);
  if (!source) {
    return source.failure();
  }
  auto file =
      options.applies ? open_home_bindings(opened->home) : open_bindings(opened->home.bindings());
  if (!file) {
    return file.failure();
  }
  const CredentialFile found = importer.read(source->text.view());
  auto plan = plan_import(
      opened->vault, file.value(), source->text.view(), found, std::string(importer.name));
  if (!plan) {
    return plan.failure();
  }
  Import import{importer,
                options,
                std::move(opened).value(),
                std::move(file).value(),
                std::move(source).value(),
                std::move(plan).value()};
  return carry_out(import, found);
}

}  // namespace

int run_importer(const Importer& importer, const Arguments& arguments) {
  CredentialOptions options;
  const std::string name = "keyswap import " + std::string(importer.name);
  const std::string about =
      "Shows what keyswap makes of " + std::string(importer.help) +
      ":\nentries of bindings.yaml, with placeholders. With --apply they are made, the\n"
      "values go into the vault and placeholders into the file; a copy of it stays.";
  CommandLine app(about, name);
  app.add_option("FILE",
                 options.file,
                 "the file (default: ~/" + std::string(importer.files.front()) + ", or $" +
                     importer.variable + std::string(importer.ending) + ")");
  app.add_flag("--apply", options.applies, "do it");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  if (const auto status = parse_arguments(app, arguments, importer.example)) {
    return *status;
  }
  const auto problem = import_from(importer, options);
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
