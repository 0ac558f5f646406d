// SPDX-License-Identifier: Apache-2.0
//
// keyswap doctor
#include "proxy/cli/doctor.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "proxy/cli/command.h"
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

void print_json(const std::vector<Finding>& findings, bool is_well) {
  nlohmann::ordered_json json;
  json["ok"] = is_well;
  json["checks"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    json["checks"].push_back({{"check", finding.question},
                              {"result", to_string(finding.health)},
                              {"text", finding.text},
                              {"hint", finding.hint}});
  }
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int run_doctor(const Arguments& arguments) {
  std::string home;
  Patient patient;
  bool json = false;
  CLI::App app(
      "Tests the set-up and looks at the clients on this machine. Exit status 1 if a check failed.",
      "keyswap doctor");
  add_home_option(app, home);
  add_unlock_options(app, patient.unlock);
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
  const auto clients = examine_clients(patient);
  findings.insert(findings.end(), clients.begin(), clients.end());
  const bool is_well =
      std::ranges::find(findings, Health::failed, &Finding::health) == findings.end();
  if (json) {
    print_json(findings, is_well);
  } else {
    print_findings(findings);
  }
  return static_cast<int>(is_well ? Exit::done : Exit::no);
}

}  // namespace keyswap::cli
