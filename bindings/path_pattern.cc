// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_pattern.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/limits.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

struct SameByte {
  static bool same(char a, char b) { return a == b; }
};

struct SameLetter {
  static bool same(char a, char b) { return base::to_lower(a) == base::to_lower(b); }
};

template <typename Compare>
bool equal(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), Compare::same);
}

// How many stars begin at `position`: one = within a segment, more = anything.
std::size_t star_run(std::string_view glob, std::size_t position) {
  const auto end = glob.find_first_not_of('*', position);
  return (end == std::string_view::npos ? glob.size() : end) - position;
}

// The set of places in a glob at which a match of the path so far may stand.
class Places {
 public:
  explicit Places(std::string_view glob) : glob_(glob) {}

  void clear() {
    std::fill_n(is_reached_.begin(), glob_.size() + 1, false);
    is_empty_ = true;
  }

  // A star may stand for nothing, so what follows it is reached with it.
  void reach(std::size_t place) {
    is_reached_[place] = true;
    is_empty_ = false;
    if (place < glob_.size() && glob_[place] == '*') {
      is_reached_[place + star_run(glob_, place)] = true;
    }
  }

  [[nodiscard]] bool is_reached(std::size_t place) const { return is_reached_[place]; }

  [[nodiscard]] bool is_empty() const { return is_empty_; }

 private:
  std::string_view glob_;
  std::array<bool, bounds::kPathGlobBytesMax + 1> is_reached_{};
  bool is_empty_ = true;
};

// Where a match goes on from `place` when the path's next byte is `c`.
template <typename Compare>
void advance(std::string_view glob, char c, std::size_t place, Places& to) {
  if (glob[place] != '*') {
    if (Compare::same(glob[place], c)) {
      to.reach(place + 1);
    }
  } else if (c != '/' || star_run(glob, place) > 1) {
    to.reach(place);
  }
}

template <typename Compare>
void advance_all(std::string_view glob, char c, const Places& from, Places& to) {
  to.clear();
  for (std::size_t place = 0; place < glob.size(); ++place) {
    if (from.is_reached(place)) {
      advance<Compare>(glob, c, place, to);
    }
  }
}

// All places are followed at once, so the time is bounded by the product of the two lengths.
template <typename Compare>
bool follow(std::string_view glob, std::string_view path) {
  Places first(glob);
  Places second(glob);
  Places* here = &first;
  Places* next = &second;
  here->reach(0);
  for (const char c : path) {
    advance_all<Compare>(glob, c, *here, *next);
    if (next->is_empty()) {
      return false;
    }
    std::swap(here, next);
  }
  return here->is_reached(glob.size());
}

// `glob` begins with a star.
template <typename Compare>
bool matches_from_star(std::string_view glob, std::string_view path) {
  const auto run = star_run(glob, 0);
  const auto rest = glob.substr(run);
  if (run > 1 && rest.find('*') == std::string_view::npos) {
    return path.size() >= rest.size() &&
           equal<Compare>(path.substr(path.size() - rest.size()), rest);
  }
  return follow<Compare>(glob, path);
}

template <typename Compare>
bool matches_glob(std::string_view glob, std::size_t literal_bytes, std::string_view path) {
  if (glob.size() > bounds::kPathGlobBytesMax || path.size() < literal_bytes ||
      !equal<Compare>(glob.substr(0, literal_bytes), path.substr(0, literal_bytes))) {
    return false;
  }
  if (literal_bytes == glob.size()) {
    return path.size() == literal_bytes;
  }
  return matches_from_star<Compare>(glob.substr(literal_bytes), path.substr(literal_bytes));
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = base::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte of the escape that begins `text`, or nothing if there is no valid one.
std::optional<char> escaped_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') {
    return std::nullopt;
  }
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) {
    return std::nullopt;
  }
  return static_cast<char>(static_cast<unsigned char>(high * 16 + low));
}

bool is_unreserved(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

template <typename Wanted>
std::string decode_if(std::string_view path, Wanted wanted) {
  std::string result;
  result.reserve(path.size());
  for (std::size_t i = 0; i < path.size();) {
    const auto byte = escaped_byte(path.substr(i));
    const bool takes = byte.has_value() && wanted(*byte);
    result += takes ? *byte : path[i];
    i += takes ? 3 : 1;
  }
  return result;
}

// One pass: "%252e" becomes "%2e"; the next reading decodes that.
std::string decode(std::string_view path) {
  return decode_if(path, [](char) { return true; });
}

// As servers do that normalise escapes (RFC 3986 section 6.2.2.2) but keep "%2f" a part of its
// segment.
std::string decode_unreserved(std::string_view path) {
  return decode_if(path, is_unreserved);
}

// RFC 3986 section 5.2.4, with empty segments kept.
std::string resolve_dots(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at + 1), path.size());
    const auto segment = path.substr(at, end - at);  // with the slash before it
    const bool is_parent = segment == "/..";
    if (is_parent) {
      const auto parent = result.rfind('/');
      result.erase(parent == std::string::npos ? 0 : parent);
    }
    if (!is_parent && segment != "/.") {
      result += segment;
    } else if (end == path.size()) {
      result += '/';
    }
    at = end;
  }
  return result;
}

std::string merge_slashes(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (const char c : path) {
    if (c != '/' || result.empty() || result.back() != '/') {
      result += c;
    }
  }
  return result;
}

std::string cut_parameters(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  bool is_cut = false;
  for (const char c : path) {
    is_cut = c == ';' || (is_cut && c != '/');
    if (!is_cut) {
      result += c;
    }
  }
  return result;
}

std::string turn_backslashes(std::string_view path) {
  std::string result(path);
  std::replace(result.begin(), result.end(), '\\', '/');
  return result;
}

// Is the segment that begins `path` "." or ".."?
bool is_dot_segment(std::string_view path) {
  const auto segment = path.substr(0, path.find('/'));
  return segment == "." || segment == "..";
}

using Reading = std::string (*)(std::string_view);

constexpr std::array<Reading, 6> kReadings = {
    decode, decode_unreserved, resolve_dots, merge_slashes, cut_parameters, turn_backslashes};

constexpr std::string_view kDiscoveryPath = "/info/refs";
constexpr std::string_view kDiscoveryQuery = "service=";
constexpr std::array<std::string_view, 2> kGitServices = {"git-upload-pack", "git-receive-pack"};

// The service of a git discovery request, or "".
std::string_view git_service(std::string_view method, std::string_view target) {
  const auto path = http::path_of(target);
  if (method != "GET" || path.size() == target.size() || !path.ends_with(kDiscoveryPath)) {
    return {};
  }
  const auto query = target.substr(path.size() + 1);
  if (!query.starts_with(kDiscoveryQuery)) {
    return {};
  }
  // Compared whole: a second parameter, an escape or another value leaves the path as it came, so
  // that no two readings of the query can disagree about the service.
  const auto service = query.substr(kDiscoveryQuery.size());
  const auto* const found = std::find(kGitServices.begin(), kGitServices.end(), service);
  return found == kGitServices.end() ? std::string_view{} : *found;
}

}  // namespace

PathPattern::PathPattern(std::string_view glob)
    : glob_(glob), literal_bytes_(std::min(glob.find('*'), glob.size())) {}

bool PathPattern::matches(std::string_view path) const {
  return matches_glob<SameByte>(glob_, literal_bytes_, path);
}

bool PathPattern::matches_ignoring_case(std::string_view path) const {
  return matches_glob<SameLetter>(glob_, literal_bytes_, path);
}

std::vector<std::string> path_readings(std::string_view path) {
  std::vector<std::string> readings = {std::string(path)};
  for (std::size_t i = 0; i < readings.size() * kReadings.size(); ++i) {
    auto reading = kReadings.at(i % kReadings.size())(readings[i / kReadings.size()]);
    if (std::find(readings.begin(), readings.end(), reading) != readings.end()) {
      continue;
    }
    if (readings.size() == base::limits::kPathReadingsMax) {
      return {};
    }
    readings.push_back(std::move(reading));
  }
  return readings;
}

bool has_other_readings(std::string_view path) {
  char before = '\0';
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool begins_segment = before == '/';
    if (c == '%' || c == ';' || c == '\\' || (begins_segment && c == '/') ||
        (begins_segment && c == '.' && is_dot_segment(path.substr(i)))) {
      return true;
    }
    before = c;
  }
  return false;
}

bool allows_path(const PathPattern& pattern, std::string_view path) {
  if (!has_other_readings(path)) {
    return pattern.matches(path);
  }
  const auto readings = path_readings(path);
  return !readings.empty() &&
         std::all_of(readings.begin(), readings.end(), [&](const auto& reading) {
           return pattern.matches(reading);
         });
}

bool is_git_discovery(std::string_view method, std::string_view target) {
  return !git_service(method, target).empty();
}

std::string scope_path(std::string_view method, std::string_view target) {
  const auto path = http::path_of(target);
  const auto service = git_service(method, target);
  if (service.empty()) {
    return std::string(path);
  }
  std::string result(path.substr(0, path.size() - kDiscoveryPath.size() + 1));
  result += service;
  return result;
}

}  // namespace keyswap::bindings
