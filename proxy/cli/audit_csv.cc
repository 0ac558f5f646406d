// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_csv.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kFormulaBegins = "=+-@\t\r\n";
// The first four of these in full width, which some spreadsheets take for the same.
constexpr std::array<std::string_view, 4> kWideBegins = {
    "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

struct Column {
  std::string_view name;
  const char* object;  // in which the key stands; null: the record itself
  const char* key;
};

constexpr std::array kColumns = {
    Column{"seq", nullptr, "seq"},           Column{"ts", nullptr, "ts"},
    Column{"type", nullptr, "type"},         Column{"request_id", nullptr, "request_id"},
    Column{"decision", nullptr, "decision"}, Column{"reason", nullptr, "reason"},
    Column{"secret", nullptr, "secret"},     Column{"scheme", nullptr, "scheme"},
    Column{"client_addr", "client", "addr"}, Column{"client_uid", "client", "uid"},
    Column{"caller", "client", "caller"},    Column{"host", "destination", "host"},
    Column{"port", "destination", "port"},   Column{"method", "destination", "method"},
    Column{"path", "destination", "path"},   Column{"count", nullptr, "count"},
    Column{"cause", nullptr, "cause"},       Column{"facts", nullptr, "facts"},
    Column{"status", nullptr, "status"},     Column{"outcome", nullptr, "outcome"},
    Column{"bytes", nullptr, "bytes"},       Column{"ms", nullptr, "ms"},
    Column{"upstream_ip", "upstream", "ip"}, Column{"tls", "upstream", "tls"},
    Column{"hash", nullptr, "hash"},
};

// Also behind blanks, which a spreadsheet may take off.
bool is_formula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return (!text.empty() && kFormulaBegins.find(text.front()) != std::string_view::npos) ||
         std::ranges::any_of(kWideBegins,
                             [text](std::string_view wide) { return text.starts_with(wide); });
}

// Null where there is no such key.
Json value_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() ? *found : Json();
}

Json value_of(const Json& record, const Column& column) {
  if (column.object == nullptr) {
    return value_at(record, column.key);
  }
  Json value = value_at(value_at(record, column.object), column.key);
  // Some types name their host without a destination.
  return value.is_null() ? value_at(record, column.key) : value;
}

std::string text_of(const Json& value) {
  if (value.is_string()) {
    return printable(value.get<std::string>());
  }
  return value.is_null() ? "" : value.dump();
}

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string cell = is_formula(text) ? "'" : "";
  cell += text;
  if (cell.find_first_of("\",\r\n") == std::string::npos) {
    return cell;
  }
  std::string quoted = "\"";
  for (const char c : cell) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

std::string csv_heading() {
  std::string row;
  for (const Column& column : kColumns) {
    row += (row.empty() ? "" : ",") + csv_cell(column.name);
  }
  return row + "\r\n";
}

std::string csv_row(std::string_view line) {
  const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  std::string row;
  bool is_first = true;
  for (const Column& column : kColumns) {
    row += (is_first ? "" : ",") + csv_cell(text_of(value_of(record, column)));
    is_first = false;
  }
  return row + "\r\n";
}

}  // namespace keyswap::cli
