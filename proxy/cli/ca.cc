// SPDX-License-Identifier: Apache-2.0
//
// keyswap ca show | export | rotate
#include <array>
#include <csignal>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ca/authority.h"
#include "ca/summary.h"
#include "proxy/base/clock.h"
#include "proxy/cli/command.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/serve_lock.h"
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
};

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
    json["pem"] = pem.value();
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return static_cast<int>(Exit::done);
  }
  print(format_table({{"subject", printable(summary->subject)},
                      {"sha256", summary->sha256},
                      {"valid from", format_time(summary->not_before_s)},
                      {"valid until", format_time(summary->not_after_s)},
                      {"file", printable(home->ca())},
                      {"with the host's roots", printable(home->bundle())}}));
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
  if (const auto written = write_certificates(home.value(), pem.value()); !written) {
    warn(home->bundle() + " was not made new: " + explain(written.error()));
  }
  const std::string text = options.only_ours ? pem.value() : merge_pem({host_roots(), pem.value()});
  if (options.output.empty()) {
    print(text);
    return static_cast<int>(Exit::done);
  }
  constexpr mode_t kPublicMode = 0644;
  if (const auto written = write_file(options.output, text, kPublicMode); !written) {
    return report({Exit::cannot,
                   "cannot write " + options.output + ": " + explain(written.error()),
                   "check the folder and the disk"});
  }
  return static_cast<int>(Exit::done);
}

// The vault first: if the second step fails the two do not fit, `serve` says so, and rotating again
// mends it.
base::Status replace_authority(OpenHome& opened, std::string& certificate_pem) {
  const auto made = ca::create_authority(base::SystemClock().wall_us() / 1'000'000);
  if (!made) {
    return made.error();
  }
  KS_TRY(opened.vault.put_system(kCaKeyName, made->key_der));
  certificate_pem = made->certificate_pem;
  return write_certificates(opened.home, made->certificate_pem);
}

bool tell_running_proxy(const Home& home) {
  const auto running = find_running(home);
  return running && running->pid > 0 && kill(running->pid, SIGHUP) == 0;
}

int rotate(const CaOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  std::string pem;
  if (const auto replaced = replace_authority(opened.value(), pem); !replaced) {
    return report({Exit::cannot,
                   "the CA was not replaced: " + explain(replaced.error()),
                   "check the disk and run: keyswap ca rotate"});
  }
  const bool is_told = tell_running_proxy(opened->home);
  const auto summary = ca::summarize_certificate(pem);
  const std::string sha256 = summary ? summary->sha256 : "";
  const auto unconfirmed = await_confirmation(
      opened->home, opened->vault, "the CA is replaced (sha256 " + sha256 + ")", sha256);
  if (unconfirmed) {
    return report(*unconfirmed);
  }
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"file", opened->home.ca()}, {"sha256", sha256}, {"running_proxy_told", is_told}};
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return static_cast<int>(Exit::done);
  }
  print_line("new CA: " + printable(opened->home.ca()));
  print_line("  sha256 " + sha256);
  print_line(is_told ? "  the running proxy uses it from now on" : "  no proxy runs now");
  print_line(
      "Every client that trusted the old one must be told to trust this one; take the old one "
      "out.");
  return static_cast<int>(Exit::done);
}

int run_show(const Arguments& arguments) {
  CaOptions options;
  CLI::App app("Shows the local CA's certificate (public; no passphrase is needed).",
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
  CLI::App app(
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
  CLI::App app(
      "Makes a new CA: key sealed in the vault, ca.pem and bundle.pem replaced, a running proxy "
      "told.\n"
      "Clients must be told to trust it.",
      "keyswap ca rotate");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap ca rotate")) {
    return *status;
  }
  return rotate(options);
}

constexpr std::array kCommands = {
    Command{"show", "the certificate: subject, fingerprint, validity", run_show},
    Command{"export", "the bundle: the host's roots and ours", run_export},
    Command{"rotate", "make a new CA", run_rotate},
};

}  // namespace

int run_ca(const Arguments& arguments) {
  return dispatch({"keyswap ca",
                   "Shows, exports and rotates the local CA.\n",
                   "keyswap ca export -o bundle.pem",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
