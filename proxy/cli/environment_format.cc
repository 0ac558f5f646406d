// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/environment_format.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace keyswap::cli {

namespace {

std::string replaced(std::string_view text, char what, std::string_view by) {
  std::string result;
  for (const char c : text) {
    if (c == what) {
      result += by;
    } else {
      result += c;
    }
  }
  return result;
}

// fish: between single quotes \ and ' are escaped by \.
std::string quote_fish(std::string_view value) {
  return "'" + replaced(replaced(value, '\\', "\\\\"), '\'', "\\'") + "'";
}

// Shells, libraries and containers read .env files, and agree on little. Between single quotes a
// value stands as it is, unless it has a quote, a line break, or a backslash that some take for an
// escape; between double quotes, if nothing in it is worked out by any of them. Nothing: neither.
std::optional<std::string> quote_dotenv(std::string_view value) {
  const bool has_escape = value.find("\\\\") != std::string_view::npos || value.ends_with('\\');
  if (value.find_first_of("'\r\n") == std::string_view::npos && !has_escape) {
    return "'" + std::string(value) + "'";
  }
  if (value.find_first_of("\"\\$`\r\n") == std::string_view::npos) {
    return "\"" + std::string(value) + "\"";
  }
  return std::nullopt;
}

// GitHub Actions' $GITHUB_ENV: a value of several lines stands between delimiters that it must not
// hold.
std::string github_line(const std::string& name, const std::string& value) {
  if (value.find_first_of("\r\n") == std::string::npos) {
    return name + "=" + value + "\n";
  }
  std::string delimiter = "KEYSWAP_END";
  while (value.find(delimiter) != std::string::npos) {
    delimiter += '_';
  }
  return name + "<<" + delimiter + "\n" + value + "\n" + delimiter + "\n";
}

std::string json_text(const EnvironmentPlan& plan) {
  nlohmann::json json = plan.set;
  for (const std::string& name : plan.removed) {
    json[name] = nullptr;
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string shell_text(const EnvironmentPlan& plan, bool is_fish) {
  std::string text;
  for (const std::string& name : plan.removed) {
    text += (is_fish ? "set -e " : "unset ") + name + "\n";
  }
  for (const auto& [name, value] : plan.set) {
    text += is_fish ? "set -gx " + name + " " + quote_fish(value) + "\n"
                    : "export " + name + "=" + quote_sh(value) + "\n";
  }
  return text;
}

// A file of variables says what is set, not what is gone.
Problem check_removals(const EnvironmentPlan& plan) {
  if (plan.removed.empty()) {
    return std::nullopt;
  }
  std::string unset;
  for (const std::string& name : plan.removed) {
    unset += " -u " + name;
  }
  return Failure{Exit::usage,
                 plan.removed.front() +
                     " is set, must not be seen by clients, and cannot be unset in this format",
                 "unset it where clients run, then: env" + unset + " keyswap env ..."};
}

Outcome<std::string> dotenv_text(const EnvironmentPlan& plan) {
  if (auto problem = check_removals(plan)) {
    return *std::move(problem);
  }
  std::string text;
  for (const auto& [name, value] : plan.set) {
    const auto quoted = quote_dotenv(value);
    if (!quoted) {
      return Failure{Exit::usage,
                     "the value of " + name +
                         " has quotes and more in it that readers of .env files differ on",
                     "use --format sh or json"};
    }
    text += name;
    text.append("=").append(*quoted).append("\n");
  }
  return text;
}

Outcome<std::string> docker_text(const EnvironmentPlan& plan) {
  if (auto problem = check_removals(plan)) {
    return *std::move(problem);
  }
  std::string text;
  for (const auto& [name, value] : plan.set) {
    if (value.find_first_of("\r\n") != std::string::npos) {
      return Failure{
          Exit::usage,
          "the value of " + name + " has a line break, which docker's env files cannot say",
          "use --format sh or json"};
    }
    text += name;
    text.append("=").append(value).append("\n");
  }
  return text;
}

Outcome<std::string> github_text(const EnvironmentPlan& plan) {
  if (auto problem = check_removals(plan)) {
    return *std::move(problem);
  }
  std::string text;
  for (const auto& [name, value] : plan.set) {
    text += github_line(name, value);
  }
  return text;
}

}  // namespace

std::string quote_sh(std::string_view value) {
  return "'" + replaced(value, '\'', "'\\''") + "'";
}

std::string word_for_shell(std::string_view text) {
  const bool is_plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '_' || c == '-' || c == '+' || c == ',' || c == ':';
  });
  return is_plain ? std::string(text) : quote_sh(text);
}

std::optional<EnvironmentFormat> parse_environment_format(std::string_view name) {
  if (name == "sh") {
    return EnvironmentFormat::sh;
  }
  if (name == "fish") {
    return EnvironmentFormat::fish;
  }
  if (name == "dotenv") {
    return EnvironmentFormat::dotenv;
  }
  if (name == "docker") {
    return EnvironmentFormat::docker;
  }
  if (name == "json") {
    return EnvironmentFormat::json;
  }
  if (name == "github") {
    return EnvironmentFormat::github;
  }
  return std::nullopt;
}

Outcome<std::string> format_environment(const EnvironmentPlan& plan, EnvironmentFormat format) {
  switch (format) {
    case EnvironmentFormat::sh:
      return shell_text(plan, /*is_fish=*/false);
    case EnvironmentFormat::fish:
      return shell_text(plan, /*is_fish=*/true);
    case EnvironmentFormat::dotenv:
      return dotenv_text(plan);
    case EnvironmentFormat::docker:
      return docker_text(plan);
    case EnvironmentFormat::github:
      return github_text(plan);
    case EnvironmentFormat::json:
      break;
  }
  return json_text(plan);
}

std::string mask_line(std::string_view token) {
  return "::add-mask::" + std::string(token) + "\n";
}

}  // namespace keyswap::cli
