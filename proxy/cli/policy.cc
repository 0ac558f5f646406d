// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/policy.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "proxy/cli/terminal.h"
#include "proxy/tls/context.h"
#include "vault/caller_token.h"

namespace keyswap::cli {

std::string format_issue(const std::string& file,
                         std::string_view severity,
                         const bindings::ConfigIssue& issue) {
  std::string text = file;
  if (issue.line > 0) {
    text += ":" + std::to_string(issue.line) + ":" + std::to_string(issue.column);
  }
  text += ": " + std::string(severity) + ": " + issue.text;
  if (!issue.hint.empty()) {
    text += "\n  " + issue.hint;
  }
  return text;
}

std::string absolute_path(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  return failed ? path : absolute.lexically_normal().string();
}

Outcome<bindings::Parsed> read_bindings(const std::string& file) {
  auto parsed = bindings::parse_file(file);
  if (!parsed) {
    const base::Error& error = parsed.error();
    const bool is_missing = error.code == base::Errc::not_found;
    const bool is_loose = error.code == base::Errc::permission;
    return Failure{
        is_missing ? Exit::usage : Exit::cannot,
        (is_missing ? "no bindings file at " + file : "cannot use " + file + ": " + explain(error)),
        is_loose ? "the file must be plain and writable by its owner only: chmod go-w " + file
                 : "check the name; `keyswap init` makes a starter file in the home"};
  }
  return std::move(parsed).value();
}

Outcome<std::shared_ptr<const bindings::Bindings>> load_bindings(const std::string& file) {
  auto parsed = read_bindings(file);
  if (!parsed) {
    return parsed.failure();
  }
  for (const bindings::ConfigIssue& issue : parsed->errors) {
    note(format_issue(file, "error", issue));
  }
  for (const bindings::ConfigIssue& issue : parsed->warnings) {
    note(format_issue(file, "warning", issue));
  }
  if (const std::size_t count = parsed->errors.size(); count > 0) {
    return Failure{Exit::usage,
                   file + " has " + std::to_string(count) + (count == 1 ? " error" : " errors"),
                   "mend the lines named above, then try: keyswap bindings check " + file};
  }
  return std::shared_ptr<const bindings::Bindings>(
      std::make_shared<bindings::Bindings>(std::move(parsed->bindings)));
}

Outcome<proxy::Policy> load_policy(const std::string& file, const std::string& own_ca_pem) {
  auto loaded = load_bindings(file);
  if (!loaded) {
    return loaded.failure();
  }
  proxy::Policy policy{std::move(loaded).value(), nullptr};
  auto context = tls::ClientContext::create(policy.bindings->upstream.ca_files, own_ca_pem);
  if (!context) {
    return Failure{Exit::usage,
                   "upstream.ca_file of " + file + " cannot be used: " + explain(context.error()),
                   "name a PEM file of root certificates, and not keyswap's own"};
  }
  policy.upstream_tls = std::move(context).value();
  return policy;
}

std::vector<std::string> missing_callers(const bindings::Bindings& bindings,
                                         const vault::Vault& vault) {
  const auto known = vault.system_names(vault::kCallerEntryPrefix);
  std::vector<std::string> missing;
  std::ranges::copy_if(bindings.callers, std::back_inserter(missing), [&](const auto& caller) {
    return !std::ranges::binary_search(known, vault::caller_entry(caller));
  });
  return missing;
}

std::string describe_rules(const bindings::Bindings& bindings) {
  const auto customs = static_cast<std::size_t>(
      std::ranges::count(bindings.rules, bindings::RuleKind::custom, &bindings::SecretRule::kind));
  const std::size_t secrets = bindings.rules.size() - customs;
  std::string text = std::to_string(secrets) + (secrets == 1 ? " secret" : " secrets");
  if (customs > 0) {
    text +=
        ", " + std::to_string(customs) + (customs == 1 ? " custom service" : " custom services");
  }
  return text;
}

std::string audit_folder(const proxy::Home& home, const bindings::Bindings& bindings) {
  return bindings.audit_path.empty() ? home.audit() : bindings.audit_path;
}

std::string audit_folder(const proxy::Home& home) {
  auto parsed = read_bindings(home.bindings());
  return parsed && parsed->errors.empty() ? audit_folder(home, parsed->bindings) : home.audit();
}

}  // namespace keyswap::cli
