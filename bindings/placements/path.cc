// SPDX-License-Identifier: Apache-2.0
//
// The placement `path`: a segment of the target's path, or a part of one, as in
// "/bot<token>/getMe". The value stays within its segment. Scopes judge the path with the
// placeholder in it.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/glob.h"
#include "bindings/path_readings.h"
#include "bindings/percent_text.h"
#include "bindings/placement.h"
#include "bindings/plain_value.h"
#include "bindings/search_budget.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kKind = "path";
constexpr std::string_view kAnywhere = "true";
constexpr std::string_view kHere = "{secret}";

class PathPlacement final : public Placement {
 public:
  // What stands before and behind it, as globs (`paths:`); "" for both: anything.
  PathPlacement(std::string pattern, std::string before, std::string behind)
      : pattern_(std::move(pattern)), before_(std::move(before)), behind_(std::move(behind)) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return pattern_; }

  // Where in the path it stands, nobody but the client can say: it is there, or it is not.
  void show(std::string_view /*placeholder*/, ClientHead& /*head*/) const override {}

  // It stands within a segment, and stars are the patterns'.
  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return placeholder.find_first_of("/?#%\\;*") == std::string_view::npos;
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (head.is_field(part)) {
      return;
    }
    const std::string_view path = http::path_of(head[part]);
    const auto decoded = decode_percent(path);
    const std::size_t before = spots.size();
    for (auto at = decoded.text.find(placeholder); at != std::string::npos;
         at = decoded.text.find(placeholder, at + placeholder.size())) {
      const std::size_t begin = decoded.places[at];
      const std::size_t end = decoded.places[at + placeholder.size()];
      if (is_here(path.substr(0, begin), path.substr(end))) {
        spots.push_back({part, begin, end});
      }
    }
    if (spots.size() > before && !pattern_.empty() &&
        !is_here_in_every_reading(plainly(path, decoded, placeholder), placeholder)) {
      spots.resize(before);
    }
  }

  // There is one path.
  [[nodiscard]] std::size_t count(const HeadParts& /*head*/) const override { return 1; }

  [[nodiscard]] bool can_be_filled() const override { return false; }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    KS_TRY(check_plain_value(value));
    if (value.find_first_not_of('.') == std::string_view::npos) {
      return base::Error{base::Errc::invalid_input, "the credential's value is a dot segment"};
    }
    return {};
  }

  [[nodiscard]] base::Result<Locked> write(Locked value,
                                           vault::LockedBuffer& scratch) const override {
    const std::size_t begin = scratch.size();
    KS_TRY(append_percent(value.bytes, UrlPart::segment, scratch));
    return Locked{scratch.reveal().substr(begin)};
  }

  [[nodiscard]] base::Status fill(const Filling& /*filling*/, Edits& /*edits*/) const override {
    return base::Error{base::Errc::invalid_input, "nothing says where in the path it belongs"};
  }

 private:
  [[nodiscard]] bool is_here(std::string_view before, std::string_view behind) const {
    return pattern_.empty() || (glob_matches(before_, before, Star::within_segment) &&
                                glob_matches(behind_, behind, Star::within_segment));
  }

  // The path, with the placeholder as it is wherever it stands in escapes.
  static std::string plainly(std::string_view path,
                             const PercentText& decoded,
                             std::string_view placeholder) {
    std::string plain;
    std::size_t end = 0;
    for (auto at = decoded.text.find(placeholder); at != std::string::npos;
         at = decoded.text.find(placeholder, at + placeholder.size())) {
      plain.append(path.substr(end, decoded.places[at] - end)).append(placeholder);
      end = decoded.places[at + placeholder.size()];
    }
    return plain.append(path.substr(end));
  }

  // I5: a server that resolves "/hooks/P/../../admin", or one that takes "%2f" for a slash, must
  // not find another endpoint than the pattern names.
  [[nodiscard]] bool is_here_in_every_reading(std::string_view path,
                                              std::string_view placeholder) const {
    const std::string here = before_ + std::string(placeholder) + behind_;
    const PathReadings readings(path);
    SearchBudget budget;
    return readings.all([&](std::string_view reading) {
      return budget.matches(here, reading, Star::within_segment).value_or(false);
    });
  }

  std::string pattern_;  // "": anywhere
  std::string before_;
  std::string behind_;
};

MadePlacement make_path(const SchemeSetup& setup) {
  MadePlacement made;
  const std::string& pattern = *setup.find(kKind);
  const auto here = pattern.find(kHere);
  if (pattern == kAnywhere) {
    made.placement = std::make_unique<PathPlacement>("", "", "");
  } else if (!pattern.starts_with('/') || here == std::string::npos ||
             pattern.find(kHere, here + 1) != std::string::npos ||
             pattern.size() > bounds::kPathGlobBytesMax) {
    made.issues.push_back({kKind,
                           0,
                           "`path` must be `true`, or a path with {secret} in it once",
                           "as in \"/bot{secret}/**\"; `*` and `**` as in `paths`"});
  } else {
    made.placement = std::make_unique<PathPlacement>(
        pattern, pattern.substr(0, here), pattern.substr(here + kHere.size()));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "true, or a pattern of the path with {secret} in it"},
};

}  // namespace

extern const PlacementKind kPathPlacement;
constinit const PlacementKind kPathPlacement = {kKind, kParameters, make_path};

}  // namespace keyswap::bindings
