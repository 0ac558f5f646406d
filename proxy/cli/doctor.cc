// SPDX-License-Identifier: Apache-2.0
//
// keyswap doctor
#include "proxy/cli/doctor.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/doctor_launch.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::note:
      return "note";
    case Health::failed:
      return "failed";
    case Health::skipped:
      return "skipped";
  }
  return "";
}

void print_findings(const std::vector<Finding>& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const Finding& finding : findings) {
    std::string text = finding.text.substr(0, finding.text.find('\n'));
    rows.push_back(
        {std::string(to_string(finding.health)), printable(finding.question), printable(text)});
    if (!finding.hint.empty()) {
      rows.push_back({"", "", "  -> " + printable(finding.hint)});
    }
  }
  print(format_table(rows));
}

nlohmann::ordered_json to_json(const ClientReport& report) {
  return {{"client", report.client},
          {"program", report.program},
          {"used_proxy", to_string(report.used_proxy)},
          {"trusted_ca", to_string(report.trusted_ca)},
          {"swapped", to_string(report.swapped)},
          {"scrubbed", to_string(report.scrubbed)},
          {"can_bypass", report.past},
          {"fix", report.fix}};
}

void print_json(const std::vector<Finding>& findings,
                const std::vector<ClientReport>& clients,
                bool is_good) {
  nlohmann::ordered_json json;
  json["ok"] = is_good;
  json["checks"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    json["checks"].push_back({{"check", finding.question},
                              {"result", to_string(finding.health)},
                              {"text", finding.text},
                              {"fix", finding.hint}});
  }
  json["clients"] = nlohmann::ordered_json::array();
  for (const ClientReport& client : clients) {
    json["clients"].push_back(to_json(client));
  }
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Those on this machine, at work; a finding where that could not be tried.
std::vector<ClientReport> look_at_clients(const Patient& patient, std::vector<Finding>& findings) {
  auto launched = launch_clients(patient.environment);
  if (!launched) {
    const Failure& failure = launched.failure();
    findings.push_back({"launched clients", Health::skipped, failure.what, failure.hint});
    return {};
  }
  return std::move(launched).value();
}

}  // namespace

int run_doctor(const Arguments& arguments) {
  std::string home;
  Patient patient;
  bool json = false;
  bool is_quick = false;
  CommandLine app(
      "Tests the set-up, and launches each client on this machine through a proxy\n"
      "that is thrown away: did it use the proxy, trust the CA, get its placeholder\n"
      "swapped and its answer scrubbed? Exit status 1 if a check failed.",
      "keyswap doctor");
  add_home_option(app, home);
  add_unlock_options(app, patient.unlock);
  app.add_flag("--quick", is_quick, "launches no clients, which takes some seconds");
  add_json_option(app, json);
  if (const auto status = parse_arguments(app, arguments, "keyswap doctor --json")) {
    return *status;
  }
  if (auto problem = begin_guarded()) {
    return report(*problem);
  }
  patient.home = home_of(home);
  patient.environment = inherited_environment();
  std::vector<Finding> findings = examine_setup(patient);
  const auto more = examine_clients(patient);
  findings.insert(findings.end(), more.begin(), more.end());
  const auto clients = is_quick ? std::vector<ClientReport>() : look_at_clients(patient, findings);
  const bool is_good =
      std::ranges::find(findings, Health::failed, &Finding::health) == findings.end() &&
      std::ranges::all_of(clients, is_well);
  if (json) {
    print_json(findings, clients, is_good);
  } else {
    print_findings(findings);
    print(clients.empty() ? "" : "\n" + format_reports(clients));
  }
  return static_cast<int>(is_good ? Exit::done : Exit::no);
}

}  // namespace keyswap::cli
