// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/policy.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "bindings/venues/table.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/path_trust.h"
#include "proxy/cli/permit_option.h"
#include "proxy/cli/terminal.h"
#include "proxy/tls/context.h"
#include "vault/caller_token.h"
#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

// A file that is not there says so in its note already; its errno would be a bare number.
std::string explain_cause(const base::Error& error) {
  return error.code == base::Errc::not_found ? std::string(error.note.text()) + ": no such file"
                                             : explain(error);
}

}  // namespace

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
  tell_more("the bindings are those of " + file);
  auto parsed = bindings::parse_file(file, bindings::all_venues(), vault::backend_kinds());
  if (!parsed) {
    const base::Error& error = parsed.error();
    const bool is_missing = error.code == base::Errc::not_found;
    const bool is_loose = error.code == base::Errc::permission;
    return Failure{
        is_missing ? Exit::usage : Exit::cannot,
        (is_missing ? "no bindings file at " + file : "cannot use " + file + ": " + explain(error)),
        is_loose ? "it must be a plain file of yours that others cannot write: chmod 600 " + file
        : is_missing ? "check the name; keyswap init makes a home, and keyswap bindings add NAME "
                       "--host HOST "
                       "begins the file in one"
                     : "check that this user may read it"};
  }
  if (const auto loose = check_folders_above(file)) {
    parsed->warnings.push_back(
        {0, 0, "other users can put another file here: " + loose->what, loose->hint});
  }
  return std::move(parsed).value();
}

bindings::Parsed parse_bindings(std::string_view text,
                                const std::string& folder,
                                const bindings::MergedNotes* notes) {
  return bindings::parse(text, folder, bindings::all_venues(), vault::backend_kinds(), notes);
}

bindings::Parsed try_entry(const bindings::Provider& provider) {
  return bindings::try_provider(provider, bindings::all_venues());
}

void check_ca_files(bindings::Parsed& parsed, const std::string& own_ca_pem) {
  const auto& upstream = parsed.bindings.upstream;
  for (std::size_t i = 0; i < upstream.ca_files.size(); ++i) {
    const auto [line, column] = upstream.ca_file_places[i];
    const auto trust = tls::ClientContext::create({upstream.ca_files[i]}, own_ca_pem);
    // I4: whoever can write it could add a root of his own, and be any upstream.
    const auto loose = trust ? check_trusted_file(upstream.ca_files[i]) : std::nullopt;
    if (loose) {
      parsed.errors.push_back(
          {line, column, "`ca_file` cannot be trusted: " + loose->what, loose->hint});
    }
    if (!trust) {
      parsed.errors.push_back({line,
                               column,
                               "`ca_file` cannot be used: " + explain_cause(trust.error()),
                               "name a PEM file of root certificates, and not keyswap's own"});
    }
  }
}

Outcome<std::shared_ptr<const bindings::Bindings>> load_bindings(const std::string& file) {
  auto parsed = read_bindings(file);
  if (!parsed) {
    return parsed.failure();
  }
  return accept_bindings(file, std::move(parsed).value());
}

Outcome<std::shared_ptr<const bindings::Bindings>> accept_bindings(const std::string& file,
                                                                   bindings::Parsed parsed) {
  for (const bindings::ConfigIssue& issue : parsed.errors) {
    note(format_issue(file, "error", issue));
  }
  for (const bindings::ConfigIssue& issue : parsed.warnings) {
    remark(format_issue(file, "warning", issue));
  }
  if (const std::size_t count = parsed.errors.size(); count > 0) {
    return Failure{Exit::usage,
                   file + " has " + std::to_string(count) + (count == 1 ? " error" : " errors"),
                   "mend the lines named above, then try: keyswap bindings check " + file};
  }
  return std::shared_ptr<const bindings::Bindings>(
      std::make_shared<bindings::Bindings>(std::move(parsed.bindings)));
}

namespace {

Failure cannot_trust(const std::string& file, const base::Error& error) {
  return {Exit::usage,
          "the trust that " + file + " asks for cannot be set up: " + explain(error),
          "check `upstream` in it and the system's root certificates"};
}

Outcome<LoadedPolicy> with_trust(LoadedPolicy loaded,
                                 const std::string& file,
                                 const std::string& own_ca_pem) {
  auto context = tls::ClientContext::create_of(loaded.text.roots, own_ca_pem);
  if (!context) {
    return cannot_trust(file, context.error());
  }
  loaded.policy.upstream_tls = std::move(*context);
  return loaded;
}

}  // namespace

Outcome<LoadedPolicy> load_policy(const std::string& file, const std::string& own_ca_pem) {
  auto parsed = read_bindings(file);
  if (!parsed) {
    return parsed.failure();
  }
  check_ca_files(parsed.value(), own_ca_pem);
  warn_of_hosts_not_permitted(parsed.value(), own_ca_pem);
  LoadedPolicy loaded;
  loaded.text.bindings = std::move(parsed->text);
  auto accepted = accept_bindings(file, std::move(parsed).value());
  if (!accepted) {
    return accepted.failure();
  }
  loaded.policy.bindings = std::move(accepted).value();
  auto roots = read_roots(*loaded.policy.bindings);
  if (!roots) {
    return cannot_trust(file, roots.error());
  }
  loaded.text.roots = std::move(*roots);
  return with_trust(std::move(loaded), file, own_ca_pem);
}

Outcome<LoadedPolicy> load_policy_text(bindings::PolicyText text,
                                       const std::string& file,
                                       const std::string& own_ca_pem) {
  auto parsed = parse_bindings(text.bindings,
                               std::filesystem::path(absolute_path(file)).parent_path().string());
  if (!parsed.errors.empty()) {
    return Failure{
        Exit::usage, format_issue(file, "error", parsed.errors.front()), "mend what is named"};
  }
  LoadedPolicy loaded;
  loaded.text = std::move(text);
  loaded.policy.bindings = std::make_shared<bindings::Bindings>(std::move(parsed.bindings));
  return with_trust(std::move(loaded), file, own_ca_pem);
}

base::Result<std::vector<std::string>> read_roots(const bindings::Bindings& bindings) {
  std::vector<std::string> texts;
  for (const std::string& file : bindings.upstream.ca_files) {
    auto text = read_file(file, base::bounds::kRootFileBytesMax);
    if (!text) {
      return text.error();
    }
    texts.push_back(std::move(*text));
  }
  return texts;
}

std::string own_ca_of(const Home& home) {
  constexpr std::size_t kCertificateBytesMax = std::size_t{64} * 1024;
  auto read = read_file(home.ca(), kCertificateBytesMax);
  return read ? std::move(*read) : std::string();
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

std::size_t count_rules(const bindings::Bindings& bindings, bindings::RuleKind kind) {
  return static_cast<std::size_t>(
      std::ranges::count(bindings.rules, kind, &bindings::SecretRule::kind));
}

std::string describe_rules(const bindings::Bindings& bindings) {
  const std::size_t secrets = count_rules(bindings, bindings::RuleKind::secret);
  const std::size_t customs = count_rules(bindings, bindings::RuleKind::custom);
  const std::size_t honeytokens = count_rules(bindings, bindings::RuleKind::honeytoken);
  std::string text = std::to_string(secrets) + (secrets == 1 ? " secret" : " secrets");
  std::size_t places = 0;
  for (const auto& rule : bindings.rules) {
    places += rule.kind == bindings::RuleKind::secret ? rule.places.size() : 0;
  }
  if (places > secrets) {
    text += " in " + std::to_string(places) + " places";
  }
  if (customs > 0) {
    text +=
        ", " + std::to_string(customs) + (customs == 1 ? " custom service" : " custom services");
  }
  if (honeytokens > 0) {
    text +=
        ", " + std::to_string(honeytokens) + (honeytokens == 1 ? " honeytoken" : " honeytokens");
  }
  return text;
}

}  // namespace keyswap::cli
