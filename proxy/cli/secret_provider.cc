// SPDX-License-Identifier: Apache-2.0
//
// keyswap secret add NAME --provider P: the vault entry, a placeholder of the provider's form, and
// the entry of bindings.yaml, in one go. All of it is made and checked before anything is written;
// what cannot be written whole is taken back.
#include <algorithm>
#include <span>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "bindings/stand_in.h"
#include "bindings/yaml_write.h"
#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/cli/bindings_file.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/env_file.h"
#include "proxy/cli/providers.h"
#include "proxy/cli/question.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using base::bounds::kSecretBytesMax;

// A vault entry that will be made.
struct NewEntry {
  vault::SecretName name;
  std::string title;
  std::span<const bindings::KeyShape> shapes;  // what a value of it may look like
  vault::Secret value = {};
  const bindings::KeyShape* shape = nullptr;  // which of them it has
};

// What will be written.
struct Plan {
  KnownProvider known;
  std::string name;
  std::string placeholder;
  bool is_lengthened = false;
  std::vector<std::string> hosts;
  bindings::YamlNode entry;
  std::string text;  // of the bindings file, with the entry
};

Outcome<std::string> choose_host(const bindings::Provider& provider, const std::string& wanted) {
  if (!provider.host) {
    if (!wanted.empty()) {
      return Failure{Exit::usage,
                     provider.title + " has hosts of its own; --host is for others",
                     "see: keyswap provider show " + provider.name};
    }
    return std::string();
  }
  const std::string host = wanted.empty() ? provider.host->usual : wanted;
  if (host.empty()) {
    return Failure{Exit::usage,
                   "each customer of " + provider.title + " has a host of their own",
                   "name yours: --host " + provider.host->example};
  }
  if (const auto problem = bindings::host_problem(*provider.host, host); !problem.empty()) {
    return Failure{Exit::usage,
                   "that cannot be the host: " + problem,
                   "like: --host " + provider.host->example};
  }
  return host;
}

// --- the values ---

std::string title_of(const bindings::Provider& provider) {
  return provider.parts.empty() ? "Value" : "API key";
}

// The entries that will be made, without their values: the secret's own, and its parts'.
Outcome<std::vector<NewEntry>> entries_of(const bindings::Provider& provider,
                                          const vault::SecretName& name,
                                          const vault::Vault& vault) {
  std::vector<NewEntry> entries;
  entries.push_back({name, title_of(provider), provider.shapes});
  for (const auto& part : provider.parts) {
    auto part_name = parse_secret_name(bindings::part_name(part, name.text()));
    if (!part_name) {
      return part_name.failure();
    }
    entries.push_back({std::move(part_name).value(), part.title, {}});
  }
  for (const auto& entry : entries) {
    if (vault.has(entry.name)) {
      return Failure{Exit::no,
                     "the vault has a secret " + entry.name.text() + " already, which is not bound",
                     "remove it first (keyswap secret remove " + entry.name.text() +
                         "), or bind it by hand: keyswap provider show " + provider.name};
    }
  }
  return entries;
}

Problem take_value(NewEntry& entry, std::string_view value) {
  if (auto problem = check_value(entry.name.text(), value)) {
    return problem;
  }
  auto copied = vault::Secret::copy_of(value);
  if (!copied) {
    return Failure{
        Exit::cannot, "no locked memory is left: " + explain(copied.error()), "see: ulimit -l"};
  }
  entry.value = std::move(copied).value();
  for (const auto& shape : entry.shapes) {
    entry.shape =
        entry.shape == nullptr && bindings::has_shape(shape, value) ? &shape : entry.shape;
  }
  return std::nullopt;
}

// Of standard input: a line for each, in their order.
Problem read_lines(std::vector<NewEntry>& entries, bool trims) {
  auto text = read_locked(
      STDIN_FILENO, (kSecretBytesMax + 2) * entries.size(), Newline::drop, "the values");
  if (!text) {
    return text.failure();
  }
  std::string_view rest = text->view();
  for (auto& entry : entries) {
    const bool is_last = &entry == &entries.back();
    const auto end = is_last ? rest.size() : std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    line.remove_suffix(!line.empty() && line.back() == '\r' ? 1 : 0);
    if (auto problem = take_value(entry, trims ? without_blanks(line) : line)) {
      problem->hint = entries.size() == 1 ? problem->hint
                                          : "give " + std::to_string(entries.size()) +
                                                " lines, the last one the " + entries.back().title;
      return problem;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

Problem read_values(std::vector<NewEntry>& entries, bool trims) {
  if (isatty(STDIN_FILENO) != 1) {
    return read_lines(entries, trims);
  }
  for (auto& entry : entries) {
    auto value =
        ask_hidden(entry.title + " of " + entry.name.text() + " (not shown): ", kSecretBytesMax);
    if (!value) {
      return value.failure();
    }
    take_blanks_off(entry.name.text(), value.value(), trims);
    if (auto problem = take_value(entry, value->view())) {
      return problem;
    }
  }
  return std::nullopt;
}

// Which of the shapes a placeholder gets: that of the value, else the first. Nothing of the value
// is said.
const bindings::KeyShape* shape_of(const bindings::Provider& provider,
                                   const NewEntry& entry,
                                   bool has_value) {
  if (provider.shapes.empty() || entry.shape != nullptr || !has_value) {
    return entry.shape != nullptr || provider.shapes.empty() ? entry.shape
                                                             : &provider.shapes.front();
  }
  warn("the value does not look like a key of " + provider.title + ", which is like " +
           bindings::describe(provider.shapes.front()),
       "if that was a mistake: keyswap secret rotate " + entry.name.text());
  return &provider.shapes.front();
}

// --- the plan ---

// The file with the entry.
Problem add_entry(const BindingsFile& file, Plan& plan) {
  const auto& provider = plan.known.provider;
  auto text = text_with_entry(file,
                              plan.name,
                              plan.entry,
                              provider.title + ": " + provider.docs,
                              "nothing was changed; add it by hand, as `keyswap provider show " +
                                  provider.name + "` shows");
  if (!text) {
    return text.failure();
  }
  plan.text = std::move(text).value();
  return std::nullopt;
}

// --- writing it ---

void take_back(vault::Vault& vault, const std::vector<NewEntry>& entries, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!vault.remove(entries[i].name)) {
      warn("the secret " + entries[i].name.text() + " stays in the vault",
           "remove it with: keyswap secret remove " + entries[i].name.text());
    }
  }
}

Problem add_all(vault::Vault& vault,
                const std::vector<NewEntry>& entries,
                const std::string& service) {
  const std::int64_t now_s = base::SystemClock().wall_us() / 1'000'000;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (const auto added = vault.add(entries[i].name, service, entries[i].value, now_s); !added) {
      take_back(vault, entries, i);
      return vault_failure(added.error(), entries[i].name.text());
    }
  }
  return std::nullopt;
}

// --- telling it ---

void tell_json(const Plan& plan, const BindingsFile& file, const SecretOptions& options) {
  nlohmann::ordered_json json;
  json["name"] = plan.name;
  json["provider"] = plan.known.provider.name;
  json["variable"] = plan.name;
  json["placeholder"] = plan.placeholder;
  json["is_longer_than_a_key"] = plan.is_lengthened;
  json["hosts"] = plan.hosts;
  json["file"] = file.path;
  json["entry"] = bindings::block_text(plan.entry, 0);
  json["written"] = !options.is_dry_run;
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string host_list(const Plan& plan) {
  std::string text;
  for (const auto& host : plan.hosts) {
    text += (text.empty() ? "" : ", ") + host;
  }
  return text;
}

void tell_text(const Plan& plan, const BindingsFile& file, const SecretOptions& options) {
  const auto& provider = plan.known.provider;
  if (options.is_dry_run) {
    print("# would be added to " + printable(file.path) + ":\n  " + plan.name + ":\n" +
          bindings::block_text(plan.entry, 4));
  } else {
    print_long_line("added " + plan.name + ", and bound it to " + host_list(plan) + " in " +
                    printable(file.path));
  }
  print_long_line("programs hold this in its place (keyswap run and env set it):");
  print_line(plan.name + "=" + plan.placeholder);
  const auto& variables = provider.variables;
  if (!variables.empty() && std::ranges::find(variables, plan.name) == variables.end()) {
    remark("programs for " + provider.title + " look for " + variables.front() +
           ": set it to the placeholder too, or name the secret so");
  }
  if (plan.is_lengthened) {
    remark("keys of " + provider.title +
           " are shorter than a placeholder may be (24 characters): a program that counts may "
           "refuse it");
  }
  if (!provider.notes.empty()) {
    remark("note: " + provider.notes);
  }
}

void tell(const Plan& plan, const BindingsFile& file, const SecretOptions& options) {
  if (options.json) {
    tell_json(plan, file, options);
  } else {
    tell_text(plan, file, options);
  }
}

Outcome<Plan> make_plan(OpenHome& opened,
                        KnownProvider known,
                        const BindingsFile& file,
                        const NewEntry& own,
                        const SecretOptions& options) {
  auto host = choose_host(known.provider, options.host);
  if (!host) {
    return host.failure();
  }
  Plan plan;
  plan.name = own.name.text();
  const auto* const shape = shape_of(known.provider, own, !options.is_dry_run);
  auto placeholder = make_placeholder(
      opened.vault,
      file,
      plan.name,
      shape,
      options.has_valid_checksum ? bindings::Checksum::valid : bindings::Checksum::wrong);
  if (!placeholder) {
    return placeholder.failure();
  }
  plan.placeholder = placeholder->text;
  plan.is_lengthened = placeholder->is_lengthened;
  plan.entry = bindings::entry_of(known.provider, {plan.name, plan.placeholder, host.value()});
  for (const auto& each : hosts_of(known.provider)) {
    plan.hosts.push_back(each == "{host}" ? host.value() : each);
  }
  plan.known = std::move(known);
  if (auto problem = add_entry(file, plan)) {
    return *std::move(problem);
  }
  return plan;
}

// I17: what the catalogue says of a provider is ours; a file of the home may be that of somebody
// who wants a key bound to a host of his own.
Problem confirm_own_provider(const Plan& plan,
                             const FileApproval& approval,
                             const SecretOptions& options) {
  if (plan.known.file.empty() || approves_itself(approval.before)) {
    return std::nullopt;
  }
  note("the provider is " + plan.known.file + ", which is not built in. It binds " + plan.name +
       " so:");
  note(bindings::block_text(plan.entry, 2));
  return confirm(options.says_yes, "Shall it come into force?");
}

// Returns when the running proxy uses it.
Problem await_use(OpenHome& opened,
                  const BindingsFile& file,
                  const FileApproval& approval,
                  const std::string& name) {
  if (!approval.is_meant) {  // the file is nobody's yet, but the secret is there
    return await_confirmation(opened.home, opened.vault, name + " is added");
  }
  return put_in_force(
      opened.home, opened.vault, file.path, name + " is added, and bound in " + file.path);
}

Problem add_planned(const SecretOptions& options, OpenHome& opened, const vault::SecretName& name) {
  auto known = load_provider(opened.home, options.provider);
  if (!known) {
    return known.failure();
  }
  if (const auto host = choose_host(known->provider, options.host); !host) {
    return host.failure();
  }
  const bool may_begin = options.bindings.empty() && !options.is_dry_run;
  auto file = may_begin ? open_home_bindings(opened.home)
                        : open_bindings(options.bindings.empty() ? opened.home.bindings()
                                                                 : options.bindings);
  if (!file) {
    return file.failure();
  }
  if (auto problem = check_name_is_free(file.value(), name.text())) {
    return problem;
  }
  // I17: known before anything is asked or written.
  auto approval = options.is_dry_run
                      ? Outcome<FileApproval>(FileApproval{})
                      : prepare_approval(opened.home, opened.vault, file.value(), options.approval);
  if (!approval) {
    return approval.failure();
  }
  auto entries = entries_of(known->provider, name, opened.vault);
  if (!entries) {
    return entries.failure();
  }
  if (auto problem = options.is_dry_run ? Problem() : read_values(entries.value(), options.trims)) {
    return problem;
  }
  const std::string service = options.service.empty() ? known->provider.name : options.service;
  auto plan = make_plan(opened, std::move(known).value(), file.value(), entries->front(), options);
  if (!plan) {
    return plan.failure();
  }
  if (!options.is_dry_run) {
    if (auto problem = confirm_own_provider(plan.value(), approval.value(), options)) {
      return problem;
    }
    if (auto problem = add_all(opened.vault, entries.value(), service)) {
      return problem;
    }
    if (auto problem = replace_approved(opened.home,
                                        opened.vault,
                                        file.value(),
                                        {plan->text, file->text.roots},
                                        approval.value())) {
      if (!says(file.value(), plan->text)) {
        take_back(opened.vault, entries.value(), entries->size());
      }
      return problem;
    }
  }
  tell(plan.value(), file.value(), options);
  return options.is_dry_run ? Problem()
                            : await_use(opened, file.value(), approval.value(), name.text());
}

}  // namespace

int add_with_provider(const SecretOptions& options) {
  auto name = parse_secret_name(options.name);
  if (!name) {
    return report(name.failure());
  }
  if (options.is_private_key) {
    return report({Exit::usage,
                   "--provider is for texts; a private key signs, and is bound by hand",
                   "leave out --private-key or --provider"});
  }
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  return end_with(add_planned(options, opened.value(), name.value()));
}

}  // namespace keyswap::cli
