// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/environment_format.h"

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

// POSIX shells: nothing is special between single quotes but the quote itself.
std::string quote_sh(std::string_view value) {
  return "'" + replaced(value, '\'', "'\\''") + "'";
}

// fish: between single quotes \ and ' are escaped by \.
std::string quote_fish(std::string_view value) {
  return "'" + replaced(replaced(value, '\\', "\\\\"), '\'', "\\'") + "'";
}

// dotenv readers agree on single quotes (verbatim) and on these escapes between double quotes.
std::string quote_dotenv(std::string_view value) {
  if (value.find_first_of("'\n") == std::string_view::npos) {
    return "'" + std::string(value) + "'";
  }
  std::string escaped = replaced(value, '\\', "\\\\");
  escaped = replaced(escaped, '"', "\\\"");
  escaped = replaced(escaped, '$', "\\$");
  return "\"" + replaced(escaped, '\n', "\\n") + "\"";
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

std::string line_of(EnvironmentFormat format, const std::string& name, const std::string& value) {
  switch (format) {
    case EnvironmentFormat::sh:
      return "export " + name + "=" + quote_sh(value) + "\n";
    case EnvironmentFormat::fish:
      return "set -gx " + name + " " + quote_fish(value) + "\n";
    case EnvironmentFormat::dotenv:
      return name + "=" + quote_dotenv(value) + "\n";
    case EnvironmentFormat::github:
      return github_line(name, value);
    case EnvironmentFormat::json:
      break;
  }
  return "";
}

}  // namespace

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
  if (name == "json") {
    return EnvironmentFormat::json;
  }
  if (name == "github") {
    return EnvironmentFormat::github;
  }
  return std::nullopt;
}

std::string format_environment(const EnvironmentPlan& plan, EnvironmentFormat format) {
  if (format == EnvironmentFormat::json) {
    const nlohmann::json json = plan.set;
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  std::string text;
  for (const std::string& name : plan.removed) {
    if (format == EnvironmentFormat::sh) {
      text += "unset " + name + "\n";
    } else if (format == EnvironmentFormat::fish) {
      text += "set -e " + name + "\n";
    }
  }
  for (const auto& [name, value] : plan.set) {
    text += line_of(format, name, value);
  }
  return text;
}

}  // namespace keyswap::cli
