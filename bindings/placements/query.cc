// SPDX-License-Identifier: Apache-2.0
//
// The placement `query`: the value of a parameter in the target's query. The rest of the query
// stays as it came, byte for byte. In another spelling the parameter is counted, and never swapped.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bindings/percent_text.h"
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "bindings/plain_value.h"
#include "bindings/signing_parts.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kKind = "query";
constexpr std::size_t kNameBytesMax = 256;

// A parameter, as places in the target.
struct Parameter {
  std::size_t begin = 0;
  std::size_t value = 0;  // where its value begins; `end` where it has none
  std::size_t end = 0;
};

// Calls `use` with each, in their order.
template <typename Use>
void each_parameter(std::string_view target, Use use) {
  std::size_t begin = http::path_of(target).size() + 1;
  while (begin < target.size()) {
    const auto end = std::min(target.find('&', begin), target.size());
    const auto equals = std::min(target.find('=', begin), end);
    use(Parameter{begin, std::min(equals + 1, end), end});
    begin = end + 1;
  }
}

// Does the text, once decoded, say `wanted`?
bool says(std::string_view encoded, std::string_view wanted) {
  return has_percent(encoded) ? decode_percent(encoded).text == wanted : encoded == wanted;
}

// As it stands after as many decodings as it takes, up to more than any server makes.
std::string decoded(std::string_view text) {
  constexpr int kDecodingsMax = 4;
  std::string result(text);
  for (int i = 0; i < kDecodingsMax && result.find_first_of("%+") != std::string::npos; ++i) {
    result = url_decoded(result);
  }
  return result;
}

// A parameter's name as the loosest server reads it: without spaces around it, and cut at '[' and
// NUL, as PHP does.
std::string read_loosely(std::string_view name) {
  const std::string text = decoded(name);
  std::string_view read = text;
  read.remove_prefix(std::min(read.find_first_not_of(' '), read.size()));
  if (const auto cut = read.find_first_of(std::string_view("[\0", 2), 1);
      cut != std::string_view::npos) {
    read = read.substr(0, cut);
  }
  return std::string(read.substr(0, read.find_last_not_of(' ') + 1));
}

// How often some server may see the parameter: at '&', and at what others take for that.
std::size_t count_loosely(std::string_view target, std::string_view wanted) {
  constexpr std::string_view kSeparators = "&;?";
  std::size_t count = 0;
  for (std::size_t begin = http::path_of(target).size() + 1; begin < target.size();) {
    const auto end = std::min(target.find_first_of(kSeparators, begin), target.size());
    const auto piece = target.substr(begin, end - begin);
    count += read_loosely(piece.substr(0, piece.find('='))) == wanted ? 1 : 0;
    begin = end + 1;
  }
  return count;
}

base::Status append(std::string_view bytes, vault::LockedBuffer& scratch) {
  return scratch.append(bytes) ? base::Status{}
                               : base::Error{base::Errc::limit_exceeded, "no room for the target"};
}

class QueryPlacement final : public Placement {
 public:
  explicit QueryPlacement(std::string name)
      : name_(std::move(name)),
        loose_name_(read_loosely(percent_encoded(name_, UrlPart::parameter))) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return name_; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    head.target += head.target.find('?') == std::string::npos ? "?" : "&";
    head.target += percent_encoded(name_, UrlPart::parameter);
    head.target += "=" + percent_encoded(placeholder, UrlPart::parameter);
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (head.is_field(part)) {
      return;
    }
    const std::string_view target = head[part];
    each_parameter(target, [&](const Parameter& one) {
      if (is_named(target, one) &&
          says(target.substr(one.value, one.end - one.value), placeholder)) {
        spots.push_back({part, one.value, one.end});
      }
    });
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    std::size_t count = 0;
    each_parameter(head.target,
                   [&](const Parameter& one) { count += is_named(head.target, one) ? 1 : 0; });
    return std::max(count, count_loosely(head.target, loose_name_));
  }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    return check_plain_value(value);
  }

  [[nodiscard]] base::Result<Locked> write(Locked value,
                                           vault::LockedBuffer& scratch) const override {
    const std::size_t begin = scratch.size();
    KS_TRY(append_percent(value.bytes, UrlPart::parameter, scratch));
    return Locked{scratch.reveal().substr(begin)};
  }

  // Stands last; the client's own of that name go.
  [[nodiscard]] base::Status fill(const Filling& filling, Edits& edits) const override {
    vault::LockedBuffer& scratch = filling.scratch;
    const std::string_view target = filling.head.target;
    const std::size_t begin = scratch.size();
    KS_TRY(append(http::path_of(target), scratch));
    KS_TRY(append("?", scratch));
    base::Status kept;
    each_parameter(target, [&](const Parameter& one) {
      if (kept && !is_named(target, one)) {
        kept = append(target.substr(one.begin, one.end - one.begin), scratch);
        kept = kept ? append("&", scratch) : kept;
      }
    });
    KS_TRY(kept);
    KS_TRY(append_percent(name_, UrlPart::parameter, scratch));
    KS_TRY(append("=", scratch));
    KS_TRY(append(filling.value.bytes, scratch));
    edits.set_target(Locked{scratch.reveal().substr(begin)});
    return {};
  }

 private:
  [[nodiscard]] bool is_named(std::string_view target, const Parameter& one) const {
    const bool has_value = one.value > one.begin && target[one.value - 1] == '=';
    const auto end = has_value ? one.value - 1 : one.end;
    return says(target.substr(one.begin, end - one.begin), name_);
  }

  std::string name_;
  std::string loose_name_;
};

MadePlacement make_query(const SchemeSetup& setup) {
  MadePlacement made;
  const std::string& name = *setup.find(kKind);
  if (name.size() > kNameBytesMax || !check_plain_value(name)) {
    made.issues.push_back({kKind, 0, "`query` must be the name of a parameter", ""});
  } else {
    made.placement = std::make_unique<QueryPlacement>(name);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "the parameter whose value is replaced"},
};

}  // namespace

std::unique_ptr<const Placement> make_query_parameter(std::string_view name) {
  return std::make_unique<QueryPlacement>(std::string(name));
}

extern const PlacementKind kQueryPlacement;
constinit const PlacementKind kQueryPlacement = {kKind, kParameters, make_query};

}  // namespace keyswap::bindings
