// SPDX-License-Identifier: Apache-2.0
//
// keyswap ca show | export | init | rotate
#include <array>
#include <cerrno>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "ca/authority.h"
#include "ca/summary.h"
#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/cli/bundle.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/permit_option.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/trust.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kCertificateBytesMax = std::size_t{64} * 1024;

struct CaOptions {
  std::string home;
  UnlockOptions unlock;
  std::string output;
  bool json = false;
  bool only_ours = false;
  PermitOption permit;
  bool permits_any = false;
  bool forgets_old = false;
};

std::int64_t now_s() {
  return base::SystemClock().wall_us() / 1'000'000;
}

Outcome<std::string> read_certificate(const Home& home) {
  auto pem = read_file(home.ca(), kCertificateBytesMax);
  if (!pem) {
    return Failure{Exit::cannot,
                   "no CA certificate at " + home.ca() + ": " + explain(pem.error()),
                   "put it back from a backup, or make a new CA: keyswap ca rotate"};
  }
  return std::move(pem).value();
}

int show(const CaOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  auto pem = read_certificate(home.value());
  if (!pem) {
    return report(pem.failure());
  }
  const auto summary = ca::summarize_certificate(pem.value());
  if (!summary) {
    return report({Exit::cannot,
                   home->ca() + ": " + explain(summary.error()),
                   "put it back from a backup, or make a new CA: keyswap ca rotate"});
  }
  if (options.json) {
    nlohmann::ordered_json json;
    json["file"] = home->ca();
    json["bundle"] = home->bundle();
    json["subject"] = summary->subject;
    json["sha256"] = summary->sha256;
    json["not_before"] = format_time(summary->not_before_s);
    json["not_after"] = format_time(summary->not_after_s);
    json["permitted"] = permitted_text(pem.value());
    json["pem"] = pem.value();
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return static_cast<int>(Exit::done);
  }
  print(format_facts({{"subject", printable(summary->subject)},
                      {"sha256", summary->sha256},
                      {"valid from", format_time(summary->not_before_s)},
                      {"valid until", format_time(summary->not_after_s)},
                      {"may name", printable(permitted_text(pem.value()))},
                      {"file", printable(home->ca())},
                      {"bundle", printable(home->bundle())}}));
  print(pem.value());
  return static_cast<int>(Exit::done);
}

int export_bundle(const CaOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  auto pem = read_certificate(home.value());
  if (!pem) {
    return report(pem.failure());
  }
  // Also made new in the home: the host's roots change with its updates.
  if (const auto written = write_certificates(home.value(), pem.value(), now_s()); !written) {
    warn(home->bundle() + " was not made new: " + explain(written.error()));
  }
  const std::string text =
      options.only_ours ? pem.value() : bundle_of(home.value(), pem.value(), now_s());
  if (options.output.empty()) {
    print(text);
    return static_cast<int>(Exit::done);
  }
  constexpr mode_t kPublicMode = 0644;
  if (const auto written = write_output(options.output, text, kPublicMode); !written) {
    return report({Exit::cannot,
                   "cannot write " + options.output + ": " + explain(written.error()),
                   "check the folder and the disk"});
  }
  return static_cast<int>(Exit::done);
}

// What a new CA may name: what was asked for, else what the one before it may. (A CA that is lost
// says nothing any more.)
Outcome<ca::PermittedHosts> choose_permitted(const CaOptions& options, const Home& home) {
  if (!options.permit.list.empty()) {
    return options.permit.parse();
  }
  const auto before = read_file(home.ca(), kCertificateBytesMax);
  if (options.permits_any || !before) {
    return ca::PermittedHosts();
  }
  auto permitted = ca::PermittedHosts::of_pem(*before);
  if (!permitted) {
    return Failure{Exit::cannot,
                   home.ca() + ": " + explain(permitted.error()),
                   "say what the new CA may name: --permit HOSTS, or --permit-any"};
  }
  return std::move(permitted).value();
}

struct Replaced {
  std::string pem;
  std::int64_t old_until_s = 0;  // 0: there is no old one to be trusted
};

// Until the last leaf of the CA in force has ended, clients may still meet one: those of a proxy
// that was not told, or of a connection that goes on. Without its key nobody makes another.
base::Status keep_old_root(const Home& home, bool forgets, Replaced& replaced) {
  constexpr mode_t kPublicMode = 0644;
  if (forgets) {
    const bool is_gone = unlink(home.old_ca().c_str()) == 0 || errno == ENOENT;
    return is_gone ? base::Status()
                   : base::Error{base::write_errc(errno), "cannot remove ca-old.pem", errno};
  }
  const auto old = read_file(home.ca(), kCertificateBytesMax);
  const auto certificates = old ? pem_certificates(*old) : std::vector<std::string>();
  if (certificates.size() != 1) {
    return {};  // it is lost: there is nothing to keep
  }
  const auto kept = read_file(home.old_ca(), kOldRootsBytesMax);
  replaced.old_until_s = now_s() + base::bounds::kLeafLifeSeconds;
  return write_file(
      home.old_ca(),
      with_old_root(
          kept ? *kept : std::string(), certificates.front(), replaced.old_until_s, now_s()),
      kPublicMode);
}

// The old certificate first, then the vault: if the next step fails the two do not fit, `serve`
// says so, and rotating again mends it.
base::Status replace_authority(OpenHome& opened,
                               const CaOptions& options,
                               const ca::PermittedHosts& permitted,
                               Replaced& replaced) {
  const auto made = ca::create_authority(now_s(), permitted);
  if (!made) {
    return made.error();
  }
  KS_TRY(keep_old_root(opened.home, options.forgets_old, replaced));
  KS_TRY(opened.vault.put_system(kCaKeyName, made->key_der));
  replaced.pem = made->certificate_pem;
  return write_certificates(opened.home, made->certificate_pem, now_s());
}

void tell_new_authority(const Home& home,
                        const Replaced& replaced,
                        const std::string& sha256,
                        bool is_told) {
  print_long_line("new CA: " + printable(home.ca()));
  print_long_line("  sha256 " + sha256);
  print_long_line("  may name " + printable(permitted_text(replaced.pem)));
  print_long_line(is_told ? "  the running proxy uses it from now on" : "  no proxy runs now");
  if (replaced.old_until_s != 0) {
    print_long_line("  the old one stays in the bundle until " + format_time(replaced.old_until_s) +
                    ", when its last leaf has ended;\n"
                    "  if its key was stolen, take it out now: keyswap ca rotate --forget-old");
  }
  print_long_line(
      "Every client that trusted the old one must be told to trust this one; take the old one "
      "out.");
}

int rotate(const CaOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  auto permitted = choose_permitted(options, opened->home);
  if (!permitted) {
    return report(permitted.failure());
  }
  Replaced replaced;
  if (const auto done = replace_authority(opened.value(), options, permitted.value(), replaced);
      !done) {
    return report({Exit::cannot,
                   "the CA was not replaced: " + explain(done.error()),
                   "check the disk and run: keyswap ca rotate"});
  }
  const bool is_told = signal_proxy(opened->home, opened->vault);
  const auto summary = ca::summarize_certificate(replaced.pem);
  const std::string sha256 = summary ? summary->sha256 : "";
  const auto unconfirmed = await_confirmation(opened->home,
                                              opened->vault,
                                              "the CA is replaced (sha256 " + sha256 + ")",
                                              {.ca_sha256 = sha256, .policy = {}});
  if (unconfirmed) {
    return report(*unconfirmed);
  }
  if (!options.json) {
    tell_new_authority(opened->home, replaced, sha256, is_told);
    return static_cast<int>(Exit::done);
  }
  nlohmann::ordered_json json = {{"file", opened->home.ca()},
                                 {"sha256", sha256},
                                 {"running_proxy_told", is_told},
                                 {"permitted", permitted_text(replaced.pem)}};
  if (replaced.old_until_s != 0) {
    json["old_trusted_until"] = format_time(replaced.old_until_s);
  }
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return static_cast<int>(Exit::done);
}

int run_show(const Arguments& arguments) {
  CaOptions options;
  CommandLine app("Shows the local CA's certificate (public; no passphrase is needed).",
                  "keyswap ca show");
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap ca show --json")) {
    return *status;
  }
  return show(options);
}

int run_export(const Arguments& arguments) {
  CaOptions options;
  CommandLine app(
      "Writes the combined bundle (the host's roots and ours) to standard output or a file.",
      "keyswap ca export");
  add_home_option(app, options.home);
  app.add_option("-o,--output", options.output, "write to this file (mode 0644)")
      ->type_name("FILE");
  app.add_flag("--only-ours", options.only_ours, "the local CA's certificate alone");
  if (const auto status = parse_arguments(app, arguments, "keyswap ca export -o bundle.pem")) {
    return *status;
  }
  return export_bundle(options);
}

int run_rotate(const Arguments& arguments) {
  CaOptions options;
  CommandLine app(
      "Makes a new CA: key sealed in the vault, ca.pem and bundle.pem replaced, a running proxy "
      "told.\n"
      "Clients must be told to trust it. bundle.pem keeps the old one until its leaves have ended.",
      "keyswap ca rotate");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  auto* permit = add_permit_option(app, options.permit);
  app.add_flag("--permit-any", options.permits_any, "for all hosts, whatever the old one was for")
      ->excludes(permit);
  app.add_flag("--forget-old", options.forgets_old, "take all old ones out of the bundle now");
  if (const auto status = parse_arguments(app,
                                          arguments,
                                          "keyswap ca rotate\n"
                                          "  keyswap ca rotate --permit example.com,10.0.0.0/8")) {
    return *status;
  }
  return rotate(options);
}

int run_init_ca(const Arguments& arguments) {
  CaOptions options;
  options.forgets_old = true;
  CommandLine app(
      "Makes the CA of a home anew, for the hosts of --permit alone, before clients trust it; "
      "later,\n"
      "use `keyswap ca rotate`.",
      "keyswap ca init");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  add_permit_option(app, options.permit)->required();
  if (const auto status =
          parse_arguments(app, arguments, "keyswap ca init --permit example.com,api.test")) {
    return *status;
  }
  return rotate(options);
}

constexpr std::array kCommands = {
    Command{"show", "the certificate: subject, fingerprint, validity", run_show},
    Command{"export", "the bundle: the host's roots and ours", run_export},
    Command{"init", "make the CA anew, for some hosts alone", run_init_ca},
    Command{"rotate", "make a new CA; the bundle keeps the old one for a week", run_rotate},
};

}  // namespace

int run_ca(const Arguments& arguments) {
  return dispatch({"keyswap ca",
                   "Shows, exports, makes and rotates the local CA.\n",
                   "keyswap ca export -o bundle.pem",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
