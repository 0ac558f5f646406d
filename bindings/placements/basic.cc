// SPDX-License-Identifier: Apache-2.0
//
// The placement `basic`: the user or the password of a client's Basic credentials (RFC 7617), or
// whichever of the two is the placeholder. The other half stays as the client wrote it.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "bindings/basic_text.h"
#include "bindings/placement.h"
#include "bindings/plain_value.h"
#include "bindings/schemes.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kKind = "basic";
constexpr std::string_view kHeader = "header";
constexpr std::string_view kDefaultHeader = "authorization";
constexpr std::string_view kWord = "Basic ";

enum class Half : std::uint8_t { user, password, both };

constexpr std::array<std::string_view, 3> kHalves = {"user", "password", "both"};

base::Status append(std::string_view bytes, vault::LockedBuffer& scratch) {
  return scratch.append(bytes)
             ? base::Status{}
             : base::Error{base::Errc::limit_exceeded, "no room for the credentials"};
}

class BasicPlacement final : public Placement {
 public:
  BasicPlacement(std::string name, Half half) : name_(std::move(name)), half_(half) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return name_; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    const std::string shown(placeholder);
    head.fields.emplace_back(
        name_,
        std::string(kWord) +
            base::to_base64(half_ == Half::password ? "user:" + shown : shown + ":"));
  }

  // A colon ends the user.
  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return half_ == Half::password || placeholder.find(':') == std::string_view::npos;
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (!head.is_field(part) || !base::equal_ignoring_case(head.fields[part].name, name_)) {
      return;
    }
    const auto basic = read_basic(head[part]);
    if (!basic) {
      return;
    }
    const std::string_view text = basic->text;
    if (half_ != Half::password && text.substr(0, basic->colon) == placeholder) {
      spots.push_back({part, 0, basic->colon, /*is_in_basic=*/true});
    }
    if (half_ != Half::user && text.substr(basic->colon + 1) == placeholder) {
      spots.push_back({part, basic->colon + 1, text.size(), /*is_in_basic=*/true});
    }
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    return head.fields.count(name_);
  }

  // That a user has no colon, who puts the halves together sees (proxy/flow/substitute).
  [[nodiscard]] base::Status check(std::string_view value) const override {
    return check_plain_value(value);
  }

  // The other half is the client's, if it sent Basic credentials; else it is empty.
  [[nodiscard]] base::Status fill(const Filling& filling, Edits& edits) const override {
    const auto* const field = filling.head.fields.find(name_);
    const auto sent = field == nullptr ? std::nullopt : read_basic(field->value);
    const std::string_view pair = sent ? std::string_view(sent->text) : ":";
    const std::size_t colon = sent ? sent->colon : 0;
    if (half_ != Half::password && filling.value.bytes.find(':') != std::string_view::npos) {
      return base::Error{base::Errc::invalid_input, "a user of Basic credentials has no colon"};
    }
    vault::LockedBuffer& scratch = filling.scratch;
    const std::size_t begin = scratch.size();
    KS_TRY(
        append(half_ == Half::password ? pair.substr(0, colon + 1) : filling.value.bytes, scratch));
    KS_TRY(append(half_ == Half::password ? filling.value.bytes : pair.substr(colon), scratch));
    const std::size_t end = scratch.size();
    KS_TRY(append(kWord, scratch));
    KS_TRY(append_base64(scratch.reveal().substr(begin, end - begin), scratch));
    const std::string_view made = scratch.reveal().substr(end);
    if (made.size() > base::bounds::kRequestFieldBytesMax) {
      return base::Error{base::Errc::limit_exceeded, "the credentials are too long for a field"};
    }
    edits.set_field(name_, Locked{made});
    return {};
  }

 private:
  std::string name_;  // of the field, lower case
  Half half_;
};

MadePlacement make_basic(const SchemeSetup& setup) {
  MadePlacement made;
  const auto* const named = setup.find(kHeader);
  auto header = credential_header(named == nullptr ? kDefaultHeader : std::string_view(*named));
  const auto half = std::ranges::find(kHalves, *setup.find(kKind));
  if (!header.problem.empty()) {
    made.issues.push_back({kHeader, 0, header.problem, ""});
  } else if (half == kHalves.end()) {
    made.issues.push_back({kKind, 0, "`basic` must be `user`, `password` or `both`", ""});
  } else {
    made.placement = std::make_unique<BasicPlacement>(std::move(header.name),
                                                      static_cast<Half>(half - kHalves.begin()));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "which half of the Basic credentials: user, password or both"},
    SchemeParameter{kHeader, false, "the header that they stand in, if not Authorization"},
};

}  // namespace

extern const PlacementKind kBasicPlacement;
constinit const PlacementKind kBasicPlacement = {kKind, kParameters, make_basic};

}  // namespace keyswap::bindings
