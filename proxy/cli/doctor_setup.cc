// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/verify.h"
#include "ca/summary.h"
#include "proxy/base/clock.h"
#include "proxy/base/users.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/bundle.h"
#include "proxy/cli/doctor.h"
#include "proxy/cli/files.h"
#include "proxy/cli/known_log.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/trust.h"
#include "proxy/cli/unbound.h"
#include "proxy/cli/unlock.h"
#include "proxy/tls/context.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} * 1024 * 1024;
constexpr std::int64_t kExpiresSoonSeconds = 30LL * 24 * 3600;

std::int64_t now_s() {
  return base::SystemClock().wall_us() / 1'000'000;
}

Finding failed(std::string question, std::string text, std::string hint) {
  return {std::move(question), Health::failed, std::move(text), std::move(hint)};
}

Finding failed(std::string question, const Failure& failure) {
  return failed(std::move(question), failure.what, failure.hint);
}

Finding check_memory() {
  if (const auto started = tls::start_library(); !started) {
    return failed(
        "locked memory", explain(started.error()), "ulimit -l 8192, or LimitMEMLOCK=8M in a unit");
  }
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string text = limit.rlim_cur == RLIM_INFINITY
                               ? "no limit"
                               : std::to_string(limit.rlim_cur / 1024) + " KiB are allowed";
  return {"locked memory", Health::ok, text, ""};
}

Finding check_open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::string text = std::to_string(limit.rlim_max) + " are allowed";
  if (limit.rlim_max < kOpenFilesMin) {
    return failed("open files", text, "ulimit -n 4096, or LimitNOFILE=65536 in a unit");
  }
  return {"open files", Health::ok, text, ""};
}

Finding check_certificate(const Patient& patient) {
  const auto pem = read_file(patient.home.ca(), kFileBytesMax);
  const auto summary =
      pem ? ca::summarize_certificate(*pem) : base::Result<ca::CertificateSummary>(pem.error());
  if (!summary) {
    return failed("CA certificate",
                  patient.home.ca() + ": " + explain(summary.error()),
                  "put it back from a backup, or: keyswap ca rotate");
  }
  const std::string text = "valid until " + format_time(summary->not_after_s);
  if (now_s() >= summary->not_after_s || now_s() < summary->not_before_s) {
    return failed("CA certificate", "not valid now: " + text, "check the clock; keyswap ca rotate");
  }
  if (summary->not_after_s - now_s() < kExpiresSoonSeconds) {
    return {"CA certificate", Health::note, text, "soon: keyswap ca rotate"};
  }
  return {"CA certificate", Health::ok, text, ""};
}

Finding check_bundle(const Patient& patient) {
  const auto ca = read_file(patient.home.ca(), kFileBytesMax);
  const auto bundle = read_file(patient.home.bundle(), kFileBytesMax);
  if (host_roots_path().empty()) {
    return {
        "host's roots", Health::note, "this host has none", "install the package ca-certificates"};
  }
  if (!ca || !bundle || bundle_of(patient.home, *ca, now_s()) != *bundle) {
    return {"host's roots",
            Health::note,
            "bundle.pem is older than the host's roots, or has an old CA",
            "keyswap ca export > /dev/null"};
  }
  return {"host's roots", Health::ok, "bundle.pem holds them and ours", ""};
}

// With our root in the system's store every program of the machine trusts the proxy, also those
// that were never meant to.
Finding check_system_store(const Patient& patient) {
  const auto ca = read_file(patient.home.ca(), kFileBytesMax);
  const std::string roots = host_roots();
  if (ca && !roots.empty() && merge_pem({roots, *ca}) == merge_pem({roots})) {
    return failed("system store",
                  "this CA stands in the machine's own store, for all its users and programs",
                  "take it out: rm it from /usr/local/share/ca-certificates, then "
                  "update-ca-certificates --fresh");
  }
  return {"system store", Health::ok, "this CA is not in it", ""};
}

Finding check_bindings(const Patient& patient) {
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed) {
    return failed("bindings", parsed.failure());
  }
  if (!parsed->errors.empty()) {
    return failed("bindings",
                  format_issue(patient.home.bindings(), "error", parsed->errors.front()),
                  "keyswap bindings check");
  }
  if (parsed->bindings.rules.empty()) {
    return {"bindings",
            Health::note,
            "no secret is bound yet",
            "keyswap bindings add NAME --host HOST"};
  }
  return {"bindings", Health::ok, describe_rules(parsed->bindings), ""};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

// Whom the proxy serves, if it is started by whoever asks.
std::vector<Finding> check_clients(const Patient& patient) {
  constexpr const char* kQuestion = "who may come";
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed || !parsed->errors.empty()) {
    return {};  // said already
  }
  const bindings::Bindings& bindings = parsed->bindings;
  if (!bindings.callers.empty()) {
    return {{kQuestion, Health::ok, "callers with a token: " + joined(bindings.callers), ""}};
  }
  if (bindings.allow_users.is_everybody) {
    return {{kQuestion,
             Health::note,
             "every user of this machine may use the secrets, within their bindings",
             "name users in `allow_users`, or list `callers`"}};
  }
  std::vector<std::string> users = {base::user_text(geteuid())};
  for (const std::uint32_t user : bindings.allow_users.numbers) {
    users.push_back(base::user_text(user));
  }
  return {{kQuestion, Health::ok, joined(users) + "; others with a caller's token", ""}};
}

// What counts up instead of being random stands in examples, and is what somebody would guess.
std::vector<Finding> check_placeholders(const Patient& patient) {
  std::vector<Finding> findings;
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed || !parsed->errors.empty()) {
    return findings;  // said already
  }
  for (const bindings::SecretRule& rule : parsed->bindings.rules) {
    if (rule.placeholder.find("0123456789") != std::string::npos ||
        rule.placeholder.find("1234567890") != std::string::npos) {
      findings.push_back({"placeholder",
                          Health::note,
                          "that of " + rule.name.text() + " is like those of the documentation",
                          "take random ones, which nobody guesses: openssl rand -hex 12"});
    }
  }
  return findings;
}

// What the vault has and nothing sends: mostly the step that was forgotten.
std::vector<Finding> check_unbound(const Patient& patient) {
  std::vector<Finding> findings;
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed || !parsed->errors.empty()) {
    return findings;  // said already
  }
  for (const vault::SecretName& name : unbound_in(patient.home, parsed->bindings)) {
    findings.push_back({"secret " + name.text(),
                        Health::note,
                        "no rule uses it yet",
                        "keyswap bindings add " + name.text() + " --host HOST"});
  }
  return findings;
}

// I8: where a secret that an answer says back reaches the client.
std::vector<Finding> check_scrubbing(const Patient& patient) {
  std::vector<Finding> findings;
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed || !parsed->errors.empty()) {
    return findings;  // said already
  }
  for (const bindings::SecretRule& rule : parsed->bindings.rules) {
    for (const bindings::Scope& scope : rule.scopes) {
      if (!scope.is_scrubbed) {
        findings.push_back({"scrubbing",
                            Health::note,
                            rule.name.text() + " on " + scope.host.host +
                                ": a secret in an answer reaches the client",
                            "take out `scrub: off` if the answers need not stay byte by byte"});
      }
    }
  }
  return findings;
}

// Sources whose values lie in the clear, where others may find them.
std::vector<Finding> check_sources(const Patient& patient) {
  std::vector<Finding> findings;
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed || !parsed->errors.empty() || parsed->bindings.sources == nullptr) {
    return findings;
  }
  for (const vault::SourceSpec& spec : parsed->bindings.sources->specs()) {
    const bool is_environment = spec.kind == "env";
    if (is_environment || spec.kind == "file") {
      findings.push_back({"source",
                          Health::note,
                          spec.id + (is_environment ? " is the environment, which lies in the clear"
                                                    : " is files, which lie in the clear"),
                          "outside of CI, keep them in the vault: keyswap secret add NAME"});
    }
  }
  return findings;
}

// The secrets that the bindings name and the vault does not have.
std::vector<Finding> check_secrets(const Patient& patient, const vault::Vault& vault) {
  auto parsed = read_bindings(patient.home.bindings());
  if (!parsed) {
    return {};  // said already
  }
  std::vector<vault::SecretName> missing;
  std::ranges::copy_if(parsed->bindings.own_entries(),
                       std::back_inserter(missing),
                       [&](const vault::SecretName& name) {
                         // What comes with a login is not there before it.
                         return !vault.has(name) && !parsed->bindings.is_captured(name);
                       });
  std::vector<Finding> findings;
  findings.reserve(missing.size());
  for (const vault::SecretName& name : missing) {
    findings.push_back(failed("secret " + name.text(),
                              "is in the bindings and not in the vault",
                              "keyswap secret add " + name.text()));
  }
  for (const std::string& caller : missing_callers(parsed->bindings, vault)) {
    findings.push_back(failed(
        "caller " + caller, "is in the bindings and has no token", "keyswap caller add " + caller));
  }
  return findings;
}

// I17: would serve take the file as it is?
Finding check_approval(const Patient& patient, const vault::Vault& vault) {
  auto parsed = read_bindings(patient.home.bindings());
  auto roots = parsed ? read_roots(parsed->bindings)
                      : base::Result<std::vector<std::string>>(std::vector<std::string>());
  if (!parsed || !parsed->errors.empty() || !roots) {
    return {"approval", Health::skipped, "the bindings cannot be used", ""};
  }
  auto standing = standing_of(vault, {std::move(parsed->text), std::move(*roots)});
  if (!standing) {
    return failed("approval", standing.failure());
  }
  const Approved& approved = standing.value();
  if (approved.standing == Standing::never) {
    return {"approval", Health::note, "none yet", "serve approves what is there when it starts"};
  }
  const std::string number = "number " + std::to_string(approved.approval->number);
  if (approved.standing == Standing::approved) {
    return {"approval", Health::ok, "the bindings are approved, " + number, ""};
  }
  if (approves_itself(approved)) {
    return {"approval", Health::note, "changed since " + number, "serve takes the file as it is"};
  }
  return failed("approval", "the bindings are not what is approved", "keyswap bindings approve");
}

std::vector<Finding> check_vault(const Patient& patient, std::optional<KnownLog>& log) {
  if (needs_prompt(patient.home, patient.unlock)) {
    return {{"vault",
             Health::skipped,
             "it was not opened",
             "give --password-file FILE to test it too"}};
  }
  auto vault = open_vault(patient.home, patient.unlock);
  if (!vault) {
    return {failed("vault", vault.failure())};
  }
  std::vector<Finding> findings = check_secrets(patient, vault.value());
  auto authority = open_authority(patient.home, vault.value(), now_s());
  findings.insert(findings.begin(),
                  authority ? Finding{"CA key", Health::ok, "belongs to the certificate", ""}
                            : failed("CA key", authority.failure()));
  findings.insert(findings.begin(), check_approval(patient, vault.value()));
  const std::string count = std::to_string(vault->list().size());
  findings.insert(findings.begin(), Finding{"vault", Health::ok, "opens; secrets: " + count, ""});
  if (auto known = known_log(patient.home, vault.value(), "")) {
    log = std::move(known).value();
  } else {
    findings.push_back(failed("audit log", known.failure()));
  }
  return findings;
}

// `known`: where the vault was opened.
Finding check_audit(const Patient& patient, const std::optional<KnownLog>& known) {
  const std::string folder = known ? known->folder : audit_folder(patient.home);
  const audit::Trusted trusted =
      known ? audit::Trusted{known->public_key, known->head} : audit::Trusted();
  const auto verdict = audit::verify(folder, trusted);
  if (!verdict && verdict.error().code == base::Errc::not_found) {
    return {"audit log", Health::ok, "none yet", ""};
  }
  if (!verdict) {
    return failed("audit log", explain(verdict.error()), "check the folder " + folder);
  }
  if (!verdict->is_intact) {
    return failed(
        "audit log", std::string("not intact: ") + verdict->problem.text(), "keyswap audit verify");
  }
  return {"audit log", Health::ok, "intact, " + std::to_string(verdict->records) + " records", ""};
}

Finding check_proxy(const Patient& patient) {
  const auto running = find_running(patient.home);
  if (!running) {
    return {"proxy",
            Health::note,
            "none runs on this home",
            "keyswap serve, or: keyswap run -- COMMAND"};
  }
  if (running->address.empty()) {
    return {"proxy", Health::note, "one is starting", ""};
  }
  return {"proxy",
          Health::ok,
          "listens on " + running->address + ", pid " + std::to_string(running->pid),
          ""};
}

}  // namespace

std::vector<Finding> examine_setup(const Patient& patient) {
  std::vector<Finding> findings = {check_open_files(), check_memory()};
  if (const auto problem = check_home(patient.home)) {
    findings.push_back(failed("home", problem->what, problem->hint));
    return findings;
  }
  findings.push_back({"home", Health::ok, patient.home.path, ""});
  findings.push_back(check_certificate(patient));
  findings.push_back(check_bundle(patient));
  findings.push_back(check_system_store(patient));
  findings.push_back(check_bindings(patient));
  std::ranges::move(check_clients(patient), std::back_inserter(findings));
  std::ranges::move(check_unbound(patient), std::back_inserter(findings));
  std::ranges::move(check_placeholders(patient), std::back_inserter(findings));
  std::ranges::move(check_scrubbing(patient), std::back_inserter(findings));
  std::ranges::move(check_sources(patient), std::back_inserter(findings));
  std::optional<KnownLog> log;
  const auto vault = check_vault(patient, log);
  findings.insert(findings.end(), vault.begin(), vault.end());
  findings.push_back(check_audit(patient, log));
  findings.push_back(check_proxy(patient));
  return findings;
}

}  // namespace keyswap::cli
