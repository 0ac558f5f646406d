// SPDX-License-Identifier: Apache-2.0
#include "bindings/blocked.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "bindings/path_pattern.h"
#include "proxy/base/bytes.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

// Where `piece` first occurs in `text`, from `at`; npos if nowhere. memmem (of glibc) takes linear
// time whatever the texts are; std::string_view::find does not.
std::size_t find_piece(std::string_view text, std::size_t at, std::string_view piece) {
  if (piece.empty()) {
    return at;
  }
  const void* const found =
      ::memmem(text.data() + at, text.size() - at, piece.data(), piece.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// Both in lower case. The pieces between stars are taken as early as they come: since a star stands
// for anything, no later place could do better, and nothing is ever tried twice.
bool matches(std::string_view glob, std::string_view path) {
  const auto first_star = glob.find('*');
  if (first_star == std::string_view::npos) {
    return glob == path;
  }
  const auto last_star = glob.rfind('*');
  const auto begin = glob.substr(0, first_star);
  const auto end = glob.substr(last_star + 1);
  if (path.size() < begin.size() + end.size() || !path.starts_with(begin) || !path.ends_with(end)) {
    return false;
  }
  const auto middle = path.substr(0, path.size() - end.size());
  std::size_t at = begin.size();
  for (auto star = first_star; star < last_star;) {
    const auto next = glob.find('*', star + 1);
    const auto piece = glob.substr(star + 1, next - star - 1);
    const auto found = find_piece(middle, at, piece);
    if (found == std::string_view::npos) {
      return false;
    }
    at = found + piece.size();
    star = next;
  }
  return true;
}

// Every path that some server could take the target for, in lower case; none: too many.
std::vector<std::string> readings_of(std::string_view method, std::string_view target) {
  const auto path = http::path_of(target);
  auto readings = has_other_readings(path) ? path_readings(path) : std::vector{std::string(path)};
  if (!readings.empty() && is_git_discovery(method, target)) {
    readings.push_back(scope_path(method, target));
  }
  for (auto& reading : readings) {
    reading = base::to_lower(reading);
  }
  return readings;
}

bool names_method(const BlockedEndpoint& entry, std::string_view method) {
  return entry.method == "*" || base::equal_ignoring_case(entry.method, method);
}

}  // namespace

const BlockedEndpoint* find_blocked(const std::vector<BlockedEndpoint>& blocked,
                                    std::string_view method,
                                    std::string_view target) {
  std::vector<std::string> readings;
  bool are_read = false;
  for (const auto& entry : blocked) {
    if (!names_method(entry, method)) {
      continue;
    }
    if (!are_read) {
      readings = readings_of(method, target);
      are_read = true;
    }
    const auto glob = base::to_lower(entry.path);
    if (readings.empty() ||
        std::any_of(readings.begin(), readings.end(), [&](const std::string& reading) {
          return matches(glob, reading);
        })) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace keyswap::bindings
