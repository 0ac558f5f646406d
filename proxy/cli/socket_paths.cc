// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/socket_paths.h"

#include <algorithm>
#include <array>

namespace keyswap::cli {

namespace {

// "Num RefCount Protocol Flags Type St Inode Path": the path is the rest of the line.
constexpr std::size_t kFieldsBeforePath = 7;
constexpr std::size_t kFlagsField = 3;
constexpr std::size_t kTypeField = 4;
constexpr std::string_view kTakesConnections = "00010000";  // __SO_ACCEPTCON
constexpr std::string_view kDatagram = "0002";

std::string_view answered_path(std::string_view line) {
  std::array<std::string_view, kFieldsBeforePath> fields;
  for (std::string_view& field : fields) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    field = line.substr(0, line.find(' '));
    line.remove_prefix(field.size());
  }
  if (fields.at(kFlagsField) != kTakesConnections && fields.at(kTypeField) != kDatagram) {
    return {};
  }
  return line.substr(std::min<std::size_t>(line.size(), 1));
}

}  // namespace

std::vector<std::string> socket_paths(std::string_view table) {
  std::vector<std::string> paths;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    const std::string_view path = answered_path(table.substr(0, end));
    if (path.starts_with('/')) {
      paths.emplace_back(path);
    }
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  std::ranges::sort(paths);
  const auto first_double = std::unique(paths.begin(), paths.end());
  paths.erase(first_double, paths.end());
  return paths;
}

}  // namespace keyswap::cli
